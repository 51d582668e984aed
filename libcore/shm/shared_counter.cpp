#include "libcore/shm/shared_counter.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/shm/flushed.h"
#include "libcore/shm/gone.h"

namespace ft::shm {

namespace {

using counter::Outcome;

Failure wrong(const std::string& what, const std::string& todo) {
    return Failure({.what = what, .todo = todo, .exit = Exit::usage});
}

void fill(Segment& segment, const Snapshot& state, Clock& clock) {
    Control& control = segment.control();
    begin(control.lock);
    begin(control.flush_lock);
    if (segment.header().shape.kind == Kind::plain)
        PlainAdds::begin(segment, state.value);
    else
        ExactAdds::begin(segment, state);
    control.flushed.begin(
        words_of({.value = state.value, .keyed = state.keyed, .monotonic = clock.monotonic(), .at = clock.now()}));
}

/// The last that the ring takes: all that are remembered, and some more.
void forget_old(Snapshot& state, const Layout& layout) {
    const std::size_t most = layout.records / 2 + layout.records / 4;
    if (state.entries.size() > most)
        state.entries.erase(state.entries.begin(), state.entries.end() - static_cast<std::ptrdiff_t>(most));
}

}  // namespace

void need_possible(const Shape& shape) {
    constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(),
                           highest = std::numeric_limits<std::int64_t>::max();
    if (shape.kind == Kind::plain && (shape.min != lowest || shape.max != highest))
        throw wrong("a plain counter has no bounds", "make it exact");
    if (shape.start < shape.min || shape.start > shape.max)
        throw wrong("a counter begins between its bounds", "choose another start");
    if (shape.keys == 0 || shape.keys > counter::most_keys)
        throw wrong("a counter remembers 1 to 65536 keys", "choose another number of keys");
    if (shape.flush && (shape.flush->path.empty() || shape.flush->path.size() > longest_path))
        throw wrong("the path of its file has 1 to 1024 bytes", "choose another path");
    if (shape.flush && shape.flush->period.count() <= 0)
        throw wrong("a counter is flushed every so often", "choose a period above 0");
}

SharedCounter::SharedCounter(std::unique_ptr<Segment> segment, Clock& clock)
    : segment_(std::move(segment)), clock_(clock) {
    if (shape().kind == Kind::plain)
        plain_.emplace(*segment_, clock);
    else
        exact_.emplace(*segment_, clock);
}

std::unique_ptr<SharedCounter> SharedCounter::make(const std::string& name, const Shape& shape, Clock& clock) {
    return make(name, shape, clock, {.counter = clock.random_uuid(), .state = {.value = shape.start}});
}

std::unique_ptr<SharedCounter> SharedCounter::make(const std::string& name, const Shape& shape, Clock& clock,
                                                   const Origin& origin) {
    need_possible(shape);
    Snapshot state = origin.state;
    forget_old(state, Layout(shape));
    const Header header{.shape = shape,
                        .counter = origin.counter,
                        .incarnation = clock.random(),
                        .created = clock.now(),
                        .base = origin.base,
                        .first_key = state.keyed - state.entries.size()};
    std::unique_ptr<Segment> made = Segment::make(name, header, [&](Segment& segment) { fill(segment, state, clock); });
    return made ? std::make_unique<SharedCounter>(std::move(made), clock) : nullptr;
}

std::unique_ptr<SharedCounter> SharedCounter::find(const std::string& name, Clock& clock) {
    std::unique_ptr<Segment> found = Segment::find(name);
    if (!found) return nullptr;
    if (found->control().gone.load(std::memory_order_acquire) != 0) {
        found->remove_name();  // who removed it was killed before the end
        return nullptr;
    }
    return std::make_unique<SharedCounter>(std::move(found), clock);
}

Outcome SharedCounter::add(std::int64_t amount, const std::optional<counter::KeyId>& key) {
    if (exact_) return exact_->add(amount, key ? &*key : nullptr);
    if (key) throw wrong("a plain counter has no keys", "make the counter exact");
    const Outcome::Kind kind = plain_->count(amount);
    return {.kind = kind, .value = plain_->value()};
}

Snapshot SharedCounter::now() {
    segment_->need_whole();
    if (exact_) return exact_->now();
    return {.value = plain_->value(), .keyed = segment_->header().first_key};
}

Snapshot SharedCounter::snapshot(std::uint64_t since) {
    segment_->need_whole();
    return exact_ ? exact_->snapshot(since) : now();
}

FlushStatus SharedCounter::flush_status(const Flush& flush) {
    const FlushRecord last = flush_record(*segment_, clock_);
    const Snapshot current = now();
    return {.asked = flush,
            .value = last.value,
            .at = last.at,
            .is_behind = current.value != last.value || current.keyed != last.keyed};
}

Status SharedCounter::status() {
    const Header& header = segment_->header();
    const Snapshot current = now();
    Status status{.kind = header.shape.kind,
                  .value = current.value,
                  .min = header.shape.min,
                  .max = header.shape.max,
                  .created = header.created};
    if (plain_) {
        const auto is_taken = [](const Lane& lane) { return lane.owner.load(std::memory_order_relaxed) != 0; };
        status.lanes_taken = static_cast<std::size_t>(std::ranges::count_if(segment_->lanes(), is_taken));
    } else {
        status.keys = header.shape.keys;
        status.keyed = current.keyed;
    }
    if (header.shape.flush) status.flush = flush_status(*header.shape.flush);
    return status;
}

void SharedCounter::remove() {
    {
        const Held held = Held::take(segment_->control().lock, clock_, name(), segment_->patience());
        segment_->control().gone.store(1, std::memory_order_release);
        if (plain_) PlainAdds::close(*segment_);
    }
    segment_->remove_name();
}

}  // namespace ft::shm
