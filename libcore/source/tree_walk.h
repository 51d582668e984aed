// Walks a tree in path order, ahead of its reader, on several threads.
//
// Directory listings and stats are fetched in parallel and delivered in the one order that entry.h defines; what is not
// yet asked for is bounded, so a million files take no more memory than ten thousand. Nothing is opened but
// directories.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/notes.h"
#include "libcore/io/dir.h"
#include "libcore/source/entry.h"

namespace ft::source {

struct WalkOptions {
    std::vector<std::string> excludes;  ///< globs; excludes.h says what they meet
    bool one_file_system = false;       ///< mount points are saved as empty directories
    unsigned threads = 0;               ///< that look ahead; 0: none, everything on the caller's thread
};

struct Found {
    Entry entry;  ///< all that stat says: path, kind, mode, owners, times, ino, size, rdev, linked / hard_link. Not:
                  ///< symlink, xattrs, runs
    std::shared_ptr<io::Dir> parent;  ///< shared by all entries of one directory: closed when the last was dealt with
    std::string name;                 ///< in parent; "." for a root that is a directory
    bool on_disk = true;              ///< parent->on_disk()
};

class TreeWalk {
public:
    /// root   the directory that holds the root and the root's name in it (io::locate); "." when the root is the
    /// directory itself. notes  takes what was left out: sockets (not incomplete), directories that could not be listed
    /// (incomplete).
    TreeWalk(std::shared_ptr<io::Dir> root, std::string name, WalkOptions options, Notes& notes);
    ~TreeWalk();
    TreeWalk(const TreeWalk&) = delete;
    TreeWalk& operator=(const TreeWalk&) = delete;

    /// The next entry in path order; std::nullopt after the last. A root that is missing, or a directory that cannot be
    /// listed, is a Failure; an entry that vanished meanwhile is left out silently, as if it had been removed before.
    [[nodiscard]] std::optional<Found> next();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Completes what stat does not say: symlink target and xattrs. Through `file` where it is open (regular files), else
/// by name. Nothing for further names of a hard-link group: the first name has it.
void read_attributes(Found& found, io::File* file);

}  // namespace ft::source
