// How the objects of a tree come to stand where they belong: made anew (fresh), or changed where they stand (in place).
//
// The driver (restore_tree.h) decides what and when, in path order; a Placer knows how. Content is verified before it
// is written.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/base/notes.h"
#include "libcore/base/progress.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/write_behind.h"
#include "libcore/io/dir.h"
#include "libcore/source/entry.h"
#include "libcore/source/tree_build.h"
#include "libcore/source/tree_remove.h"
#include "libcore/store/reader.h"

namespace ft::ckpt {

struct PlaceCounters {
    std::atomic<std::uint64_t> files_kept{0}, removed{0};
};

/// What all placers need.
struct PlaceTools {
    std::string checkpoint;  ///< for messages: "job@7"
    store::Reader& reader;
    source::TreeBuilder::Powers powers;
    Notes& notes;
    Progress& progress;
    PlaceCounters& counters;
    WriteBehind& written;
};

/// What stands at a name before anything is placed there, as far as it is known.
enum class There { unknown, nothing, file, other };

/// A regular file to be placed, whole.
struct FileJob {
    io::Dir& parent;
    const std::string& name;
    const source::Entry& entry;
    There there = There::unknown;
};

class Placer {
public:
    virtual ~Placer() = default;

    /// Tells of every object before it is placed, in path order, by one thread. returns  what stands there.
    virtual There expect(io::Dir& parent, const std::string& name) = 0;
    /// A directory; what it contains is placed next, finish_dir ends it. Called in path order.
    [[nodiscard]] virtual std::shared_ptr<io::Dir> dir(io::Dir& parent, const std::string& name,
                                                       const source::Entry& entry) = 0;
    /// Regular files that lie near each other in the store. Thread-safe, as are special and large_piece.
    /// fails  naming the file.
    virtual void files(std::span<const FileJob> jobs) = 0;
    virtual void special(io::Dir& parent, const std::string& name, const source::Entry& entry) = 0;
    /// A large file: begun in path order, written piece by piece by several threads, ended when all pieces are there.
    [[nodiscard]] virtual std::shared_ptr<io::File> begin_large(io::Dir& parent, const std::string& name,
                                                                const source::Entry& entry) = 0;
    virtual void large_piece(io::File& file, std::uint64_t at, std::span<const source::Run> runs) = 0;
    virtual void end_large(io::File& file, io::Dir& parent, const std::string& name, const source::Entry& entry) = 0;
    /// Another name for an object that was placed before.
    virtual void link(io::Dir& from, const std::string& old_name, io::Dir& parent, const std::string& name,
                      const source::Entry& entry) = 0;
    virtual void finish_dir(io::Dir& dir, const source::Entry& entry) = 0;
};

/// Does one step of placing `entry` and, where it fails, says of what.
template <class Step>
decltype(auto) placing(const std::string& checkpoint, const source::Entry& entry, const Step& step) {
    try {
        return step();
    } catch (const Failure& f) {  // names what was being restored
        throw f.within("cannot restore '" + printable(entry.path) + "' of " + checkpoint);
    }
}

/// Everything is new: names that are taken are Failures.
using Around = source::TreeBuilder::Around;
[[nodiscard]] std::unique_ptr<Placer> fresh_placer(PlaceTools tools, Around around = Around::made);

struct InPlaceOptions {
    bool trust_times = false;                               ///< what has the right size and mtime is not read
    bool remove_others = true;                              ///< what the checkpoint does not have goes
    std::optional<source::ObjectId> spared = std::nullopt;  ///< this directory stays whatever the checkpoint has
};
/// Everything is compared with what stands there; only what differs is written, inodes are kept. An inode with more
/// links than names below the destination is replaced, never written: its other name may be somebody's backup. Nothing
/// is removed in a file system that is mounted where the checkpoint has an empty directory, or nothing.
///
/// count_names  how many names below the destination each inode with several links has; asked for once, when the first
/// such is met.
[[nodiscard]] std::unique_ptr<Placer> in_place_placer(
    PlaceTools tools, InPlaceOptions options, std::function<std::map<std::uint64_t, std::uint64_t>()> count_names);

}  // namespace ft::ckpt
