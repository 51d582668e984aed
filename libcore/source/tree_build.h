// Makes one object of a tree as its entry says: the only place that sets owners, modes, xattrs and times on a restore.
//
// Order matters and is kept here: owner, then the user's own xattrs (they need a mode that lets the owner write), then
// mode (chown clears set-id bits), then all other xattrs (capabilities go with chown, an ACL changes the mode), then
// mtime. Directories are made 0700 and finished when all that they contain is there; a file whose owner is still to be
// set is made 0600. What cannot be set without root is one note (incomplete: exit 3), never a failure; set-id bits are
// left out with the owner that they were meant for. A disk that fails is a Failure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libcore/base/notes.h"
#include "libcore/io/dir.h"
#include "libcore/source/entry.h"

namespace ft::source {

class TreeBuilder {
public:
    /// as_root   whether owners and devices can be set (geteuid() == 0); uid, gid: what a new file gets by itself.
    struct Powers {
        bool as_root = false;
        std::uint32_t uid = 0, gid = 0;
    };
    /// The powers of this process; also sets umask(0), so that modes given at creation are exact.
    [[nodiscard]] static Powers of_this_process();

    /// Where objects are made: in directories that start_dir made, or a root anywhere; or in directories that stood
    /// before, which may hand down their group and an ACL to all that is made in them: that is undone, by a few calls
    /// more.
    enum class Around { made, standing };

    TreeBuilder(Powers powers, Notes& notes, Around around = Around::made)
        : powers_(powers), notes_(notes), around_(around) {}

    /// A new regular file, made so that as few calls as possible are left for finish_file(). Failure where the name is
    /// taken.
    [[nodiscard]] std::unique_ptr<io::File> start_file(io::Dir& dir, const std::string& name, const Entry& entry);
    /// Owner, mode, xattrs, mtime of a file that start_file made and whose content is complete.
    void finish_file(io::File& file, const Entry& entry);

    /// A new symbolic link, fifo or device, complete. A device that cannot be made is a note.
    void make_special(io::Dir& dir, const std::string& name, const Entry& entry);

    /// A new directory, 0700, that hands nothing down.
    [[nodiscard]] std::unique_ptr<io::Dir> start_dir(io::Dir& dir, const std::string& name, const Entry& entry);
    /// Owner, mode, xattrs, mtime of a directory whose content is complete.
    void finish_dir(io::Dir& dir, const Entry& entry);

    /// For --in-place: makes the attributes of an existing object equal, changing (and touching ctime of) only what
    /// differs. name "." for a directory itself. current is its stat now.
    void adjust(io::Dir& dir, const std::string& name, const io::Stat& current, const Entry& entry);
    /// The same for a file that is open, which is faster.
    void adjust(io::File& file, const io::Stat& current, const Entry& entry);

private:
    [[nodiscard]] bool may_inherit(const Entry& entry) const {
        return around_ == Around::standing || entry.path.empty();
    }
    Powers powers_;
    Notes& notes_;
    Around around_;
};

}  // namespace ft::source
