// Attributes of an object of the machine's disk: statx(2) and extended attributes, for posix_file and posix_dir alike.
//
// Nothing here throws: errno comes back as a value, and the callers, who know the object's path, make the Failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libcore/io/dir.h"

struct statx;

namespace ft::io {

/// What statx(2) said, in our words; a type that is none of ours counts as a file of that mode.
[[nodiscard]] Stat to_stat(const struct statx& from);
/// std::nullopt for a type that is none of ours. mode: with its S_IFMT bits.
[[nodiscard]] std::optional<Kind> kind_of(std::uint32_t mode);
/// The S_IFMT bits of a kind.
[[nodiscard]] std::uint32_t type_bits(Kind kind);

/// Whose extended attributes: an open file's or, where fd is -1, those of a path whose last component is not followed.
struct XattrTarget {
    int fd = -1;
    std::string path;
};

struct XattrsRead {
    std::vector<Xattr> xattrs;  ///< sorted by name
    int error = 0;              ///< errno; 0 when all were read
};

/// All of them; none where the file system has no attributes. One that is removed meanwhile is left out.
[[nodiscard]] XattrsRead read_xattrs(const XattrTarget& target);
/// These two return errno, 0 when it is done.
[[nodiscard]] int write_xattr(const XattrTarget& target, const Xattr& xattr);
[[nodiscard]] int erase_xattr(const XattrTarget& target, const std::string& name);

}  // namespace ft::io
