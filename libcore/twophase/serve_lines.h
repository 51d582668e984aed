// Lines that are answered, many at once: what waits for a disk or another host holds up no other line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "libcore/proc/input.h"

namespace ft::twophase {

/// Reads lines of `in` to its end, and has each of them handled, not in order.
///
/// handle   called on several threads at once, with the line's number, from 1.
/// idle     called when no line has come for a second, and for each second more; null: nothing is to be done then.
/// threads  lines that are handled at once.
/// returns  how many lines there were.
/// fails    with what handle or reading throws; what was begun has ended then.
std::uint64_t serve_lines(proc::Input& in,
                          const std::function<void(std::string_view line, std::uint64_t number)>& handle,
                          const std::function<void()>& idle, unsigned threads = 16);

}  // namespace ft::twophase
