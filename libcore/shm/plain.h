// Plain adds: one atomic add to a word that is, as a rule, this process's own; read by summing up.
//
// No word ever wraps. Each lane may go 2^43 up or down from its mark; beyond that what it holds is settled: taken over
// into one sum, under the lock, by raising the mark. Single adds of 2^20 and more go to that sum at once. The sum keeps
// 2^52 away from the ends of 64 bits, and all lanes together hold less than 2^51 at any time: a lane beyond its limit
// takes nothing more from a thread that has seen it, and a machine has at most 2^22 threads (PID_MAX_LIMIT), with one
// add of less than 2^20 each under way. So an add that would leave [-2^63 + 2^52, 2^63 - 2^52] is refused, never
// wrapped.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <span>

#include "libcore/base/clock.h"
#include "libcore/counter/ledger.h"
#include "libcore/shm/segment.h"

namespace ft::shm {

class PlainAdds {
public:
    static constexpr std::uint64_t narrow = std::uint64_t{1} << 20, roomy = std::uint64_t{1} << 43;
    /// What a plain counter's value stays below, up and down.
    static constexpr std::int64_t edge = std::numeric_limits<std::int64_t>::max() - (std::int64_t{1} << 52);

    /// Takes a lane: a free one, one whose owner is dead, or where all 64 are taken one of theirs.
    PlainAdds(Segment& segment, Clock& clock);
    PlainAdds(const PlainAdds&) = delete;
    PlainAdds& operator=(const PlainAdds&) = delete;
    ~PlainAdds();

    /// done or overflow. Thread-safe. fails  busy or gone, and then nothing was counted.
    [[nodiscard]] counter::Outcome::Kind count(std::int64_t amount) {
        Lane* lane = open_.load(std::memory_order_relaxed);
        if (lane == nullptr || !is_within(static_cast<std::uint64_t>(amount), narrow)) return settle(amount);
        const std::uint64_t before = lane->raw.fetch_add(static_cast<std::uint64_t>(amount), std::memory_order_release);
        if (!is_within(before - lane->mark.load(std::memory_order_relaxed), roomy)) [[unlikely]]
            leave_room();
        return counter::Outcome::Kind::done;
    }
    /// A sum of adds: all that were acknowledged before the call, and some of those during it.
    [[nodiscard]] std::int64_t value();

    /// The first state, in memory that nobody else sees. fails  Exit::usage beyond the edge.
    static void begin(Segment& segment, std::int64_t start);
    /// No add is acknowledged any more. Under the lock.
    static void close(Segment& segment);

private:
    /// -limit <= value < limit, as signed numbers.
    static constexpr bool is_within(std::uint64_t value, std::uint64_t limit) { return value + limit < 2 * limit; }

    struct Claim {
        std::size_t lane = 0;
        std::uint32_t owner = 0;  ///< what the lane was taken with; 0: it is shared
    };
    [[nodiscard]] static Claim claim(std::span<Lane> lanes);
    /// Adds to the settled sum, under the lock, and takes over what the lane holds.
    [[nodiscard]] counter::Outcome::Kind settle(std::int64_t amount);
    [[nodiscard]] counter::Outcome::Kind settle_held(std::int64_t amount);
    /// After an add that met the limit, and is done.
    void leave_room();
    [[nodiscard]] std::int64_t sum(const Settled::Words& words);

    Segment& segment_;
    Clock& clock_;
    Claim claim_;
    std::atomic<Lane*> open_{};  // null while it takes nothing more
};

}  // namespace ft::shm
