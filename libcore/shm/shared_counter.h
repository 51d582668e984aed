// A counter in shared memory: many processes at once, survives kill -9 of any of them and of all, not a power cut.
//
// Two kinds. A plain one is for speed: adds go side by side, and a value read meanwhile is a sum in motion. An exact
// one takes one add after the other: its answers are all different moments of one history, bounds hold, and a key
// counts once. What was acknowledged is in the segment, whoever is killed; there is nothing to unlock or to repair.
//
//     std::unique_ptr<SharedCounter> hits = SharedCounter::make("/hits", {.kind = Kind::plain}, clock);
//     (void)hits->count(1);
//     SharedCounter::find("/hits", clock)->value();
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libcore/base/clock.h"
#include "libcore/shm/exact.h"
#include "libcore/shm/plain.h"
#include "libcore/shm/segment.h"

namespace ft::shm {

/// Where a counter begins that was there before, in a file.
struct Origin {
    Uuid counter;
    counter::Version base;
    Snapshot state;
};

/// What the file of a counter holds (disk_copy.h).
struct FlushStatus {
    Flush asked;
    std::int64_t value = 0;
    Time at;                 ///< when the file was last known to hold what the segment did
    bool is_behind = false;  ///< adds since `at` are not in the file: a power cut would lose them
};

struct Status {
    Kind kind = Kind::plain;
    std::int64_t value = 0, min = 0, max = 0;
    std::uint64_t keyed = 0;      ///< keyed adds ever
    std::uint32_t keys = 0;       ///< how many of them are remembered; 0 for plain ones
    std::size_t lanes_taken = 0;  ///< by processes that have it open; 0 for exact ones
    Time created;
    std::optional<FlushStatus> flush;
};

/// fails  Exit::usage for a shape that cannot be.
void need_possible(const Shape& shape);

class SharedCounter {
public:
    /// A new segment; nullptr where the name is taken. One with a Flush is made by DiskCopy::make.
    ///
    /// fails  Exit::usage for a shape or name that cannot be; Exit::failed where there is no memory for it.
    [[nodiscard]] static std::unique_ptr<SharedCounter> make(const std::string& name, const Shape& shape, Clock& clock);
    [[nodiscard]] static std::unique_ptr<SharedCounter> make(const std::string& name, const Shape& shape, Clock& clock,
                                                             const Origin& origin);
    /// nullptr where there is no such segment. fails  damage() for one that is not a counter's, or not whole.
    [[nodiscard]] static std::unique_ptr<SharedCounter> find(const std::string& name, Clock& clock);

    explicit SharedCounter(std::unique_ptr<Segment> segment, Clock& clock);

    [[nodiscard]] const std::string& name() const { return segment_->name(); }
    [[nodiscard]] const Shape& shape() const { return segment_->header().shape; }

    /// The fast add: what became of it and no value. Thread-safe; two threads are faster with a SharedCounter each.
    ///
    /// returns  done, or why nothing was counted: overflow, above_max, below_min.
    /// fails    busy where a stopped process holds its lock for ten seconds, Exit::no where the counter was removed,
    ///          damage(). Nothing was acknowledged then.
    [[nodiscard]] counter::Outcome::Kind count(std::int64_t amount) {
        return plain_ ? plain_->count(amount) : exact_->add(amount, nullptr).kind;
    }
    /// As count, and the value: exactly after this add (exact), or some moment later (plain).
    /// key  counted once: exact counters only, else Exit::usage.
    [[nodiscard]] counter::Outcome add(std::int64_t amount, const std::optional<counter::KeyId>& key = std::nullopt);
    [[nodiscard]] std::int64_t value() { return now().value; }
    [[nodiscard]] Status status();
    /// For good: in other processes that have it open, adds fail from now on.
    void remove();

    /// For DiskCopy: the value with and without the keyed adds from number `since` on (ExactAdds::snapshot).
    [[nodiscard]] Snapshot now();
    [[nodiscard]] Snapshot snapshot(std::uint64_t since);
    [[nodiscard]] Segment& segment() { return *segment_; }

private:
    [[nodiscard]] FlushStatus flush_status(const Flush& flush);

    std::unique_ptr<Segment> segment_;
    Clock& clock_;
    std::optional<PlainAdds> plain_;
    std::optional<ExactAdds> exact_;
};

}  // namespace ft::shm
