// A store that lies in the tree that is saved into it is no part of the tree, and a restore leaves it alone.
#pragma once

#include <optional>
#include <string>

#include "libcore/source/tree_remove.h"

namespace ft::ckpt {

/// The glob (source/excludes.h) that leaves the store out of a walk of the tree; std::nullopt where it is not in it.
///
/// fails  Exit::usage where the store is the tree itself.
[[nodiscard]] std::optional<std::string> glob_of_store_in(const std::string& tree, const std::string& store);

/// The store's directory, where it lies in the tree.
///
/// fails  Exit::usage where the store is the tree itself.
[[nodiscard]] std::optional<source::ObjectId> find_store_in(const std::string& tree, const std::string& store);

}  // namespace ft::ckpt
