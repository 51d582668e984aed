// What a restore keeps beside its destination: a lock, the tree that it builds, the mark of a tree that is neither old
// nor new. Hidden names that follow from the destination's, so that the next restore finds what a dead one left.
//
//     Beside beside(parent, "state");   // locked from here on
//     beside.put_mark("job@7 of /store"); ... beside.remove_mark();
//     beside.release();
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libcore/io/dir.h"

namespace ft::ckpt {

class Beside {
public:
    /// Takes the lock. fails  Exit::busy where another restore to `name` runs.
    Beside(io::Dir& parent, const std::string& name);

    /// The name under which a new tree is built.
    [[nodiscard]] const std::string& fresh() const { return fresh_; }
    /// Removes what killed restores left, but no mark; a former tree that they were to keep gets its name.
    void sweep();
    /// Before fresh() and the destination are exchanged: fresh() is then the former tree, to be kept under this name.
    /// Tells the next restore, should this one be killed. Durable with the next sync of the file system.
    void plan_to_keep(const std::string& name);
    /// Gives fresh() the planned name; to be made durable before release(). false where that is taken.
    [[nodiscard]] bool put_aside();
    /// Says what the destination is being made equal to. The mark exists whole or not at all; durable when it returns.
    void put_mark(const std::string& text);
    /// Durable when it returns.
    void remove_mark();
    /// Ends the lock and leaves no trace of it. Without it the lock ends with this object, and its empty file stays.
    void release();
    /// After a failure: takes away what is built under `name` ("": nothing is), and the lock, unless that says what the
    /// next restore has to put aside. returns  false where that failed too.
    [[nodiscard]] bool try_clean(const std::string& name);

private:
    struct Plan {
        std::string name;
        std::uint64_t built = 0;  ///< inode of the new tree: only another one is the former tree
    };
    void lock(const std::string& name);
    [[nodiscard]] std::optional<Plan> read_plan() const;
    void forget_plan();
    io::Dir& parent_;
    std::string lock_, fresh_, mark_, new_mark_;
    std::unique_ptr<io::File> held_;
    bool left_ = false;  // the lock's file was there: its holder was killed
    std::optional<Plan> plan_;
};

/// The checkpoint that an interrupted in-place restore was bringing back to `name` ("job@7 of /store"); std::nullopt
/// where there is none. Such a tree is neither old nor new: it must not be saved.
[[nodiscard]] std::optional<std::string> unfinished_restore(io::Dir& parent, const std::string& name);

}  // namespace ft::ckpt
