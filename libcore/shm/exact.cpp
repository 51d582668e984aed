#include "libcore/shm/exact.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/shm/gone.h"

namespace ft::shm {

namespace {

using counter::Entry;
using counter::KeyId;
using counter::Outcome;

constexpr int tries = 1000;

std::uint64_t check_of(const KeyRecord& r) {
    return check_word<6>(0, {r.key_low, r.key_high, r.amount, r.answer, r.ordinal, r.before});
}

Entry entry_of(const KeyRecord& r) {
    return {.key = {.low = r.key_low, .high = r.key_high},
            .amount = static_cast<std::int64_t>(r.amount),
            .answer = static_cast<std::int64_t>(r.answer)};
}

Word& head_of(Segment& segment, std::uint64_t key_low) {
    return segment.table()[key_low & (segment.table().size() - 1)];
}

KeyRecord& place_of(Segment& segment, std::uint64_t ordinal) {
    return segment.ring()[ordinal & (segment.ring().size() - 1)];
}

/// Where the committed state does not look: the ring is larger than what is remembered.
void write_record(Segment& segment, const Entry& entry, std::uint64_t ordinal) {
    KeyRecord record{.key_low = entry.key.low,
                     .key_high = entry.key.high,
                     .amount = static_cast<std::uint64_t>(entry.amount),
                     .answer = static_cast<std::uint64_t>(entry.answer),
                     .ordinal = ordinal,
                     .before = head_of(segment, entry.key.low).load(std::memory_order_relaxed)};
    record.check = check_of(record);
    place_of(segment, ordinal) = record;
}

[[noreturn, gnu::cold]] void fail(const Segment& segment, const char* why) { throw damage(segment.name(), why); }

/// Under the lock. Inline, so that what was read stays in registers: a fifth of an add.
[[gnu::always_inline]] inline Exact::Seen look_held(Segment& segment) {
    need_present(segment);
    const Exact::Look look = segment.control().exact.look();
    if (look.found != Exact::Look::Found::whole) [[unlikely]]
        fail(segment, "its value is damaged");
    return look.seen;
}

Snapshot snapshot_of(const Exact::Seen& seen) {
    return {.value = static_cast<std::int64_t>(seen.words[0]), .keyed = seen.words[1]};
}

}  // namespace

ExactAdds::ExactAdds(Segment& segment, Clock& clock) : segment_(segment), clock_(clock) {}

void ExactAdds::begin(Segment& segment, const Snapshot& state) {
    std::uint64_t ordinal = state.keyed - state.entries.size();
    for (const Entry& entry : state.entries) {
        write_record(segment, entry, ++ordinal);
        head_of(segment, entry.key.low).store(ordinal, std::memory_order_relaxed);
    }
    segment.control().exact.begin({static_cast<std::uint64_t>(state.value), state.keyed});
}

const KeyRecord& ExactAdds::record(std::uint64_t ordinal) {
    const KeyRecord& record = place_of(segment_, ordinal);
    if (record.ordinal != ordinal || record.check != check_of(record)) fail(segment_, "a key of it is damaged");
    return record;
}

void ExactAdds::link_newest(std::uint64_t keyed) {
    if (keyed > segment_.header().first_key)
        head_of(segment_, record(keyed).key_low).store(keyed, std::memory_order_release);
}

std::optional<Entry> ExactAdds::find(const KeyId& key, std::uint64_t keyed) {
    const Header& header = segment_.header();
    std::uint64_t bound = keyed + 1;
    for (std::uint64_t at = head_of(segment_, key.low).load(std::memory_order_relaxed); at > header.first_key;) {
        if (at >= bound) fail(segment_, "its table of keys is damaged");
        if (keyed - at >= header.shape.keys) break;  // no longer remembered, nor is what comes after it
        const KeyRecord& found = record(at);
        if (found.key_low == key.low && found.key_high == key.high) return entry_of(found);
        bound = at;
        at = found.before;
    }
    return std::nullopt;
}

Outcome::Kind ExactAdds::fits(std::int64_t value, std::int64_t amount) const {
    const Shape& shape = segment_.header().shape;
    std::int64_t after = 0;
    if (__builtin_add_overflow(value, amount, &after)) return Outcome::Kind::overflow;
    if (amount > 0 && after > shape.max) return Outcome::Kind::above_max;
    if (amount < 0 && after < shape.min) return Outcome::Kind::below_min;
    return Outcome::Kind::done;
}

Outcome ExactAdds::add(std::int64_t amount, const KeyId* key) {
    Control& control = segment_.control();
    const Held held = Held::take(control.lock, clock_, segment_.name(), segment_.patience());
    const Exact::Seen now = look_held(segment_);
    const auto value = static_cast<std::int64_t>(now.words[0]);
    const std::uint64_t keyed = now.words[1];
    if (key != nullptr) {
        link_newest(keyed);
        if (const std::optional<Entry> former = find(*key, keyed)) {
            if (former->amount != amount)
                return {.kind = Outcome::Kind::other_amount, .value = value, .amount = former->amount};
            return {.kind = Outcome::Kind::repeated, .value = former->answer};
        }
    }
    if (const Outcome::Kind fit = fits(value, amount); fit != Outcome::Kind::done) return {.kind = fit, .value = value};
    const std::int64_t after = value + amount;
    if (key != nullptr) write_record(segment_, {.key = *key, .amount = amount, .answer = after}, keyed + 1);
    control.exact.commit(now, {static_cast<std::uint64_t>(after), keyed + (key != nullptr ? 1 : 0)});
    return {.kind = Outcome::Kind::done, .value = after};
}

Snapshot ExactAdds::now() {
    for (int i = 0; i < tries; ++i) {
        const Exact::Look look = segment_.control().exact.look();
        if (look.found == Exact::Look::Found::damaged) fail(segment_, "its value is damaged");
        if (look.found == Exact::Look::Found::whole) return snapshot_of(look.seen);
    }
    const Held held = Held::take(segment_.control().lock, clock_, segment_.name(), segment_.patience());
    return snapshot_of(look_held(segment_));
}

Snapshot ExactAdds::snapshot(std::uint64_t since) {
    const Held held = Held::take(segment_.control().lock, clock_, segment_.name(), segment_.patience());
    Snapshot snapshot = snapshot_of(look_held(segment_));
    const std::uint64_t keyed = snapshot.keyed;
    const Header& header = segment_.header();
    std::uint64_t first = std::max(since, header.first_key);
    const std::uint64_t most = segment_.ring().size() * 3 / 4;  // all that are remembered, and a block of a file more
    if (first > keyed || keyed - first > most) first = std::max(header.first_key, keyed - std::min(keyed, most));
    snapshot.entries.reserve(keyed - first);
    for (std::uint64_t ordinal = first + 1; ordinal <= keyed; ++ordinal)
        snapshot.entries.push_back(entry_of(record(ordinal)));
    return snapshot;
}

}  // namespace ft::shm
