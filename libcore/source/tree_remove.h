// Removes a tree, but never what is mounted in it, nor the one directory that is to be spared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libcore/io/dir.h"

namespace ft::source {

/// A directory, whatever its name.
struct ObjectId {
    std::uint64_t dev = 0, ino = 0;
    bool operator==(const ObjectId&) const = default;
};

struct Removed {
    std::uint64_t objects = 0;
    bool whole = true;                 ///< false: something was spared, and stands with the directories that lead to it
    std::vector<std::string> mounted;  ///< paths of the mount points among it: nothing in them was touched
};

/// Removes `name` in `dir` and all below it; a missing one is fine. Unreadable directories are opened up first (chmod
/// 0700) where possible. What is mounted there belongs to somebody else, and is spared as `spared` is.
[[nodiscard]] Removed remove_tree_but(io::Dir& dir, const std::string& name, const std::optional<ObjectId>& spared);

/// The same, with a Failure in the end where something was spared. returns  how many objects it removed.
std::uint64_t remove_tree(io::Dir& dir, const std::string& name, const std::optional<ObjectId>& spared = std::nullopt);

}  // namespace ft::source
