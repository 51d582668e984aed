// Answers lines with lines, many at once: what waits for a disk or another host holds up no other line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "libcore/proc/input.h"

namespace ft::twophase {

/// Reads lines of `in` to its end, and puts out an answer to each as it comes, not in order.
///
/// answer   called on several threads at once.
/// put      an answer with its newline; one thread at a time.
/// threads  lines that are worked on at once.
/// returns  how many lines were answered.
/// fails    with what answer, put or reading throws; what was begun has ended then.
std::uint64_t serve_lines(proc::Input& in, const std::function<std::string(std::string_view line)>& answer,
                          const std::function<void(std::string_view line)>& put, unsigned threads = 16);

}  // namespace ft::twophase
