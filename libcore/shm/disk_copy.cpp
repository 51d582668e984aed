#include "libcore/shm/disk_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/shm/flushed.h"

namespace ft::shm {

namespace {

using counter::Reply;
using counter::Request;
using counter::Standing;

constexpr std::uint64_t none_in_file = 0;
constexpr std::chrono::milliseconds pause{1};

Snapshot state_of(const FlushRecord& record) { return {.value = record.value, .keyed = record.keyed}; }

bool is_due(Segment& segment, Clock& clock) {
    const std::chrono::nanoseconds passed = clock.monotonic() - flush_record(segment, clock).monotonic;
    return passed.count() < 0 || passed >= segment.header().shape.flush->period;
}

bool is_same(const Snapshot& a, const Snapshot& b) { return a.value == b.value && a.keyed == b.keyed; }

counter::Version after(const Standing& standing) {
    return {.ballot = std::max(standing.promise, standing.version.ballot), .sequence = standing.version.sequence + 1};
}

counter::KeyWindow window_of(const Snapshot& snapshot) {
    return {.first = snapshot.keyed - snapshot.entries.size(), .entries = snapshot.entries};
}

FlushRecord record_now(const Snapshot& snapshot, std::chrono::nanoseconds monotonic, Time at) {
    return {.value = snapshot.value, .keyed = snapshot.keyed, .monotonic = monotonic, .at = at};
}

}  // namespace

/// The file's lock, for as long as this lives.
class DiskCopy::Locked {
public:
    explicit Locked(DiskCopy& copy) : copy_(copy) {
        const auto until = copy_.clock_.monotonic() + copy_.patience_;
        while (!copy_.replica_.try_lock()) {
            if (copy_.clock_.monotonic() >= until)
                throw Failure({.what = "cannot lock the counter's file",
                               .where = copy_.replica_.path(),
                               .why = "another process holds it",
                               .todo = "try again",
                               .exit = Exit::busy});
            copy_.clock_.sleep(pause);
        }
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
    ~Locked() { copy_.replica_.unlock(); }

private:
    DiskCopy& copy_;
};

DiskCopy::DiskCopy(std::unique_ptr<io::Dir> dir, std::string name, Clock& clock, std::chrono::nanoseconds patience)
    : replica_(std::move(dir), name), name_(std::move(name)), clock_(clock), patience_(patience) {}

Reply DiskCopy::ask(const Request& request) { return replica_.handle(request); }

Reply DiskCopy::need(Reply reply) const {
    if (reply.kind == Reply::Kind::sound) return reply;
    if (reply.kind == Reply::Kind::damaged) throw damage(replica_.path(), reply.why);
    throw Failure({.what = "cannot write the counter's file",
                   .where = replica_.path(),
                   .why = reply.why.empty() ? "it was changed by another" : reply.why,
                   .todo = "the counter in shared memory goes on",
                   .exit = reply.kind == Reply::Kind::busy ? Exit::busy : Exit::failed});
}

std::unique_ptr<SharedCounter> DiskCopy::make(const std::string& name, const Shape& shape) {
    return make(name, shape, clock_.random_uuid());
}

std::optional<Uuid> DiskCopy::counter() {
    const Locked locked(*this);
    const Reply stands = ask({.kind = Request::Kind::look});
    return stands.is_sound() ? std::optional(stands.standing->header.identity.counter) : std::nullopt;
}

void DiskCopy::remove_new(const Uuid& counter) {
    const Locked locked(*this);
    const Reply stands = ask({.kind = Request::Kind::look});
    if (!stands.is_sound() || stands.standing->header.identity.counter != counter) return;
    if (stands.standing->version.sequence > 0) return;
    (void)ask({.kind = Request::Kind::remove, .header = stands.standing->header});
}

std::unique_ptr<SharedCounter> DiskCopy::make(const std::string& name, const Shape& shape, const Uuid& counter) {
    need_possible(shape);
    const Locked locked(*this);
    if (SharedCounter::find(name, clock_)) return nullptr;
    const Reply stands = ask({.kind = Request::Kind::look});
    if (stands.kind == Reply::Kind::missing) return SharedCounter::make(name, shape, clock_, new_file(shape, counter));
    const Standing standing = *need(stands).standing;
    const Origin origin = origin_in_file(standing);
    Shape there = shape;
    there.start = origin.state.value;
    there.min = standing.head.min;
    there.max = standing.head.max;
    there.keys = standing.header.identity.keys;
    return SharedCounter::make(name, there, clock_, origin);
}

Origin DiskCopy::origin_in_file(const Standing& standing) {
    const counter::Charter& charter = standing.annex.charter;
    if (charter.members.size() != 1 || !charter.former.empty())
        throw Failure({.what = "cannot flush to a replica of a counter that has others",
                       .where = replica_.path(),
                       .todo = "choose another file",
                       .exit = Exit::usage});
    return {.counter = standing.header.identity.counter,
            .base = standing.version,
            .state = {.value = standing.head.value,
                      .keyed = standing.head.keyed,
                      .entries = need(ask({.kind = Request::Kind::keys})).keys->entries}};
}

Origin DiskCopy::new_file(const Shape& shape, const Uuid& counter) {
    const counter::Header header{.identity = {.counter = counter, .keys = shape.keys, .created = clock_.now()},
                                 .replica = clock_.random_uuid()};
    counter::State state{.head = {.value = shape.start, .min = shape.min, .max = shape.max}};
    state.annex.charter.members = {{.replica = header.replica, .locator = name_}};
    (void)need(ask({.kind = Request::Kind::install, .epoch = 1, .state = state, .header = header}));
    return {.counter = header.identity.counter, .base = state.version, .state = {.value = shape.start}};
}

void DiskCopy::flush(SharedCounter& counter) {
    const Held turn = Held::take(counter.segment().control().flush_lock, clock_, counter.name(), patience_);
    flush_held(counter);
}

bool DiskCopy::flush_if_due(SharedCounter& counter) {
    if (!counter.shape().flush || !is_due(counter.segment(), clock_)) return false;
    const std::optional<Held> turn = Held::try_take(counter.segment().control().flush_lock);
    if (!turn || !is_due(counter.segment(), clock_)) return false;  // somebody is at it, or has just been
    if (is_same(state_of(flush_record(counter.segment(), clock_)), counter.now())) return false;
    flush_held(counter);
    return true;
}

void DiskCopy::flush_held(SharedCounter& counter) {
    const Locked locked(*this);
    const Reply stands = ask({.kind = Request::Kind::look});
    const std::chrono::nanoseconds monotonic = clock_.monotonic();
    const Time at = clock_.now();
    if (stands.kind == Reply::Kind::missing) {
        const Snapshot all = counter.snapshot(none_in_file);
        install(counter, std::nullopt, all);
        put_flush_record(counter.segment(), record_now(all, monotonic, at));
        return;
    }
    const Standing standing = *need(stands).standing;
    need_ours(counter, standing);
    const Snapshot snapshot = counter.snapshot(standing.head.keyed);
    if (snapshot.keyed - standing.head.keyed > snapshot.entries.size())
        install(counter, standing, snapshot);
    else if (snapshot.value != standing.head.value || snapshot.keyed != standing.head.keyed)
        commit(standing, snapshot, counter.segment().header().incarnation);
    put_flush_record(counter.segment(), record_now(snapshot, monotonic, at));
}

/// Whoever else wrote to it is not overwritten.
void DiskCopy::need_ours(SharedCounter& counter, const Standing& standing) const {
    const Header& header = counter.segment().header();
    const bool is_ours = standing.header.identity.counter == header.counter &&
                         (standing.version == header.base || standing.head.marks.back() == header.incarnation) &&
                         standing.head.keyed <= counter.now().keyed;
    if (!is_ours)
        throw Failure({.what = "cannot flush " + counter.name(),
                       .where = replica_.path(),
                       .why = "the file was changed by another than this counter",
                       .todo = "the counter in shared memory goes on; move the file away, and it is made anew",
                       .exit = Exit::failed});
}

void DiskCopy::commit(const Standing& from, const Snapshot& snapshot, std::uint64_t mark) {
    Standing at = from;
    auto next = snapshot.entries.end() - static_cast<std::ptrdiff_t>(snapshot.keyed - from.head.keyed);
    do {  // in parts that a commit can take; each is a state that the counter had
        const auto left = snapshot.entries.end() - next;
        const auto end = next + std::min<std::ptrdiff_t>(left, counter::most_operations);
        counter::Change change{.base = at.version, .next = after(at), .head = at.head, .appended = {next, end}};
        change.head.value = end == snapshot.entries.end() ? snapshot.value : change.appended.back().answer;
        change.head.keyed += change.appended.size();
        change.head.remember(mark);
        at = *need(ask({.kind = Request::Kind::accept,
                        .epoch = at.annex.charter.epoch,
                        .change = std::make_shared<const counter::Change>(std::move(change))}))
                  .standing;
        next = end;
    } while (next != snapshot.entries.end());
}

void DiskCopy::install(SharedCounter& counter, const std::optional<Standing>& from, const Snapshot& snapshot) {
    const Header& header = counter.segment().header();
    counter::State state{.head = {.min = header.shape.min, .max = header.shape.max}, .window = window_of(snapshot)};
    Request request{.kind = Request::Kind::install};
    if (from) {
        state.version = after(*from);
        state.head = from->head;
        state.annex = from->annex;
    } else {
        request.header = {.identity = {.counter = header.counter, .keys = header.shape.keys, .created = header.created},
                          .replica = clock_.random_uuid()};
        state.version = {.ballot = header.base.ballot, .sequence = header.base.sequence + 1};
        state.annex.charter.members = {{.replica = request.header->replica, .locator = name_}};
    }
    state.head.value = snapshot.value;
    state.head.keyed = snapshot.keyed;
    state.head.remember(header.incarnation);
    request.ballot = state.version.ballot;
    request.epoch = state.annex.charter.epoch;
    request.state = std::move(state);
    (void)need(ask(request));
}

}  // namespace ft::shm
