#include "libcore/shm/plain.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "libcore/base/failure.h"
#include "libcore/shm/gone.h"

namespace ft::shm {

namespace {

using Outcome = counter::Outcome;

constexpr int tries = 1000;

/// Wrong where processes number their kind differently (containers); then a lane is shared, or not used again.
bool is_alive(std::uint32_t pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH; }

std::int64_t difference(std::uint64_t raw, std::uint64_t mark) { return static_cast<std::int64_t>(raw - mark); }

bool is_below_edge(std::int64_t value) { return value <= PlainAdds::edge && value >= -PlainAdds::edge; }

/// Nearer to zero, on the same side.
bool is_nearer(std::int64_t after, std::int64_t before) {
    return before > 0 ? after >= 0 && after < before : after <= 0 && after > before;
}

[[noreturn]] void fail(const Segment& segment) { throw damage(segment.name(), "its sum is damaged"); }

}  // namespace

PlainAdds::Claim PlainAdds::claim(std::span<Lane> lanes) {
    const auto own = static_cast<std::uint32_t>(::getpid());
    for (const bool also_of_the_dead : {false, true}) {
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            std::uint32_t former = lanes[i].owner.load(std::memory_order_relaxed);
            if (former != 0 && (!also_of_the_dead || is_alive(former))) continue;
            if (lanes[i].owner.compare_exchange_strong(former, own)) return {i, own};
        }
    }
    return {own % lanes.size(), 0};
}

PlainAdds::PlainAdds(Segment& segment, Clock& clock)
    : segment_(segment), clock_(clock), claim_(claim(segment.lanes())) {
    Lane& own = segment.lanes()[claim_.lane];
    if (is_within(own.raw.load() - own.mark.load(), roomy)) open_.store(&own);
}

PlainAdds::~PlainAdds() {
    // A forked child goes without giving away what is its parent's.
    std::uint32_t own = claim_.owner;
    if (own != 0 && own == static_cast<std::uint32_t>(::getpid()))
        (void)segment_.lanes()[claim_.lane].owner.compare_exchange_strong(own, 0);
}

void PlainAdds::begin(Segment& segment, std::int64_t start) {
    if (!is_below_edge(start))
        throw Failure({.what = "a plain counter cannot begin at " + std::to_string(start),
                       .why = "it stays 2^52 away from the ends of 64 bits",
                       .todo = "make it exact",
                       .exit = Exit::usage});
    segment.control().settled.begin({static_cast<std::uint64_t>(start)});
}

void PlainAdds::close(Segment& segment) {
    for (Lane& lane : segment.lanes()) lane.mark.store(lane.raw.load() + (std::uint64_t{1} << 62));
}

std::int64_t PlainAdds::sum(const Settled::Words& words) {
    auto total = static_cast<std::int64_t>(words[0]);
    for (std::size_t i = 0; i < lane_count; ++i) {
        const std::uint64_t raw = segment_.lanes()[i].raw.load(std::memory_order_acquire);
        if (__builtin_add_overflow(total, difference(raw, words[1 + i]), &total)) fail(segment_);
    }
    return total;
}

std::int64_t PlainAdds::value() {
    for (int i = 0; i < tries; ++i) {
        const Settled::Look look = segment_.control().settled.look();
        if (look.found == Settled::Look::Found::damaged) fail(segment_);
        if (look.found == Settled::Look::Found::whole) return sum(look.seen.words);
    }
    const Held held = Held::take(segment_.control().lock, clock_, segment_.name(), segment_.patience());
    const Settled::Look look = segment_.control().settled.look();
    if (look.found != Settled::Look::Found::whole) fail(segment_);
    return sum(look.seen.words);
}

Outcome::Kind PlainAdds::settle(std::int64_t amount) {
    const Held held = Held::take(segment_.control().lock, clock_, segment_.name(), segment_.patience());
    return settle_held(amount);
}

Outcome::Kind PlainAdds::settle_held(std::int64_t amount) {
    need_present(segment_);
    const Settled::Look look = segment_.control().settled.look();
    if (look.found != Settled::Look::Found::whole) fail(segment_);
    Settled::Words next = look.seen.words;
    Lane& lane = segment_.lanes()[claim_.lane];
    const std::uint64_t raw = lane.raw.load(std::memory_order_acquire);
    const std::int64_t before = sum(next);
    std::int64_t after = 0;
    if (__builtin_add_overflow(before, amount, &after)) return Outcome::Kind::overflow;
    if (is_below_edge(after)) {
        next[0] += static_cast<std::uint64_t>(amount) + raw - next[1 + claim_.lane];
        next[1 + claim_.lane] = raw;
        segment_.control().settled.commit(look.seen, next);
        lane.mark.store(raw, std::memory_order_relaxed);
        open_.store(&lane, std::memory_order_relaxed);
        return Outcome::Kind::done;
    }
    if (!is_nearer(after, before)) return Outcome::Kind::overflow;
    next[0] += static_cast<std::uint64_t>(amount);
    segment_.control().settled.commit(look.seen, next);
    return Outcome::Kind::done;
}

void PlainAdds::leave_room() {
    need_present(segment_);  // what was added to a counter that is gone is not acknowledged
    open_.store(nullptr, std::memory_order_relaxed);
    const std::optional<Held> held = Held::try_take(segment_.control().lock);
    if (held) (void)settle_held(0);
}

}  // namespace ft::shm
