// The trees that a drill saves: version v is the same wherever it is made, and tells its number in the file "version".
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace ft::drill {

/// Path -> content of files, "-> target" of symlinks, "<dir>" of directories; "" is the tree itself.
using Tree = std::map<std::string, std::string>;

/// Much of it is alike in all versions.
[[nodiscard]] Tree tree_of_version(std::uint64_t version);
/// In the place of whatever is at `path`.
void write_tree(const std::filesystem::path& path, const Tree& tree);
/// Empty where nothing is at `path`.
[[nodiscard]] Tree read_tree(const std::filesystem::path& path);
/// The version that it says it is; std::nullopt where it is not that version exactly.
[[nodiscard]] std::optional<std::uint64_t> version_of(const Tree& tree);

}  // namespace ft::drill
