// The file that a shared counter is flushed to: a replica with one member (counter/FORMAT.md), readable by itself.
//
// After a power cut the segment is gone and is made again from the file, which then holds a state that the counter had:
// all that was acknowledged before the last flush began, and nothing that was not at least under way. While the machine
// runs the segment is the truth, and flushes bring the file after it.
//
//     io::Located at = io::locate(path);
//     DiskCopy copy(std::move(at.dir), at.name, clock);
//     auto hits = copy.make("/hits", shape);      // a new file, or the state that the file holds
//     copy.flush_if_due(*hits);                   // after each add, by a timer, before a program ends
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libcore/counter/replica.h"
#include "libcore/io/dir.h"
#include "libcore/shm/shared_counter.h"

namespace ft::shm {

class DiskCopy {
public:
    /// name  of the file in `dir`, which need not exist yet.
    ///
    /// patience  with other processes that hold it.
    DiskCopy(std::unique_ptr<io::Dir> dir, std::string name, Clock& clock,
             std::chrono::nanoseconds patience = usual_patience);

    /// A segment at the state of the file; a new file where there is none. nullptr where the segment's name is taken.
    ///
    /// shape  its flush is set. Start, bounds and keys are the file's where there is one.
    /// fails  as SharedCounter::make; Exit::failed where the disk refuses, damage() for a file that is no sound
    /// replica,
    ///        Exit::busy where another process holds it.
    ///
    /// counter  of the new file, where there is none.
    [[nodiscard]] std::unique_ptr<SharedCounter> make(const std::string& name, const Shape& shape);
    [[nodiscard]] std::unique_ptr<SharedCounter> make(const std::string& name, const Shape& shape, const Uuid& counter);
    /// The counter that the file holds; std::nullopt where there is no sound one.
    [[nodiscard]] std::optional<Uuid> counter();
    /// Removes the file where it is this counter's, and as it was made.
    void remove_new(const Uuid& counter);

    /// What was acknowledged before the call is durable when it returns. One process flushes, others wait for their
    /// turn.
    ///
    /// fails  as make; Exit::failed too where the file is not the one that this segment was flushed to. The counter
    ///        itself goes on.
    void flush(SharedCounter& counter);
    /// flush(), if the period has passed since the last, something was added, and nobody else is at it.
    ///
    /// returns  whether it was.
    bool flush_if_due(SharedCounter& counter);

private:
    class Locked;
    void flush_held(SharedCounter& counter);
    void need_ours(SharedCounter& counter, const counter::Standing& standing) const;
    /// Brings the file from where it stands to the snapshot.
    void commit(const counter::Standing& from, const Snapshot& snapshot, std::uint64_t mark);
    /// The same in a new file: where there is none, or the snapshot does not follow on it.
    void install(SharedCounter& counter, const std::optional<counter::Standing>& from, const Snapshot& snapshot);
    [[nodiscard]] counter::Reply ask(const counter::Request& request);
    /// fails  unless the reply is sound.
    [[nodiscard]] counter::Reply need(counter::Reply reply) const;
    [[nodiscard]] Origin origin_in_file(const counter::Standing& standing);
    [[nodiscard]] Origin new_file(const Shape& shape, const Uuid& counter);

    counter::LocalReplica replica_;
    std::string name_;
    Clock& clock_;
    std::chrono::nanoseconds patience_;
};

}  // namespace ft::shm
