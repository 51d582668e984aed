// Removes a tree, whatever is in it.
#pragma once

#include <cstdint>
#include <string>

#include "libcore/io/dir.h"

namespace ft::source {

/// Removes `name` in `dir` and all below it; a missing one is fine. Unreadable directories are opened up first (chmod
/// 0700) where possible. returns  how many objects it removed.
std::uint64_t remove_tree(io::Dir& dir, const std::string& name);

}  // namespace ft::source
