// What a restore keeps beside its destination: a lock, the tree that it builds, the mark of a tree that is neither old
// nor new. Hidden names that follow from the destination's, so that the next restore finds what a dead one left.
//
//     Beside beside(parent, "state");   // locked from here on
//     beside.put_mark("job@7 of /store"); ... beside.remove_mark();
//     beside.release();
#pragma once

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
    /// Removes what killed restores left, but no mark.
    void sweep();
    /// Says what the destination is being made equal to. The mark exists whole or not at all; durable when it returns.
    void put_mark(const std::string& text);
    /// Durable when it returns.
    void remove_mark();
    /// Ends the lock and leaves no trace of it. Without it the lock ends with this object, and its empty file stays.
    void release();
    /// After a failure: takes away what is built under `name` ("": nothing is), and the lock. returns  false where that
    /// failed too.
    [[nodiscard]] bool try_clean(const std::string& name);

private:
    void lock(const std::string& name);
    io::Dir& parent_;
    std::string lock_, fresh_, mark_, new_mark_;
    std::unique_ptr<io::File> held_;
};

/// The checkpoint that an interrupted in-place restore was bringing back to `name` ("job@7 of /store"); std::nullopt
/// where there is none. Such a tree is neither old nor new: it must not be saved.
[[nodiscard]] std::optional<std::string> unfinished_restore(io::Dir& parent, const std::string& name);

}  // namespace ft::ckpt
