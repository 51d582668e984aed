// The machine's disk: io/dir.h over openat(2) and its kin, every name resolved from a descriptor, no path longer than
// one name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/io/dir.h"

namespace ft::io {

/// The directory at `path`, following symbolic links as any program does. nullptr where it is missing; Failure where it
/// is not a directory.
[[nodiscard]] std::unique_ptr<Dir> find_root(const std::string& path);
/// As find_root, a Failure where it is missing.
[[nodiscard]] std::unique_ptr<Dir> open_root(const std::string& path);
/// open_root, after making it and its missing ancestors (mode 0777 less umask; 0700 for the last if `private_last`).
/// The whole path is durable when it returns, whoever made it: about 0.1 ms for each component that was there.
[[nodiscard]] std::unique_ptr<Dir> make_root(const std::string& path, bool private_last = false);

/// The directory that holds `path` (symbolic links in it followed, the last component not) and the last component.
struct Located {
    std::unique_ptr<Dir> dir;
    std::string
        name;  ///< "." for "/", for paths that end in "." or "..", and for a symbolic link written with a final "/"
};
[[nodiscard]] Located locate(const std::string& path);

/// The descriptor behind a file of the machine's disk, for a program that is to inherit it; -1 for any other file.
[[nodiscard]] int descriptor_of(File& file);

/// "pid 4711 (ftckpt save job ...)" of the process that holds a flock on `file`; "another process" where it cannot be
/// told.
[[nodiscard]] std::string lock_holder(File& file);

/// What is mounted below the directory `name` in `dir`, as paths below it; none where it cannot be told.
[[nodiscard]] std::vector<std::string> mounts_below(Dir& dir, const std::string& name);
/// The same from the text of /proc/self/mountinfo, for the real path of the directory.
[[nodiscard]] std::vector<std::string> mounts_in_table(std::string_view table, std::string_view path);

}  // namespace ft::io
