#include "libcore/shm/queue.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

namespace ft::shm {

namespace {

using counter::Operation;
using counter::Outcome;
using Gate = counter::Counter::Gate;

constexpr const char* folder = "/dev/shm";
constexpr std::size_t places = 128, led_at = 56, states_at = 64, closed_at = 576, places_at = 4096;
constexpr std::size_t door = places;  // byte that is locked by who comes, and by who removes the queue
constexpr std::size_t bytes = places_at + places * sizeof(QueuePlace);

constexpr std::chrono::nanoseconds longest_closed = std::chrono::milliseconds(10);  // whatever the memory says

// Of a place.
constexpr std::uint32_t free_place = 0;  // nobody's
constexpr std::uint32_t kept = 1;        // its owner writes it
constexpr std::uint32_t posted = 2;      // to be taken by whoever has the lock
constexpr std::uint32_t called = 3;      // as posted; the lock was given back
constexpr std::uint32_t taken = 4;       // written by whoever has the lock
constexpr std::uint32_t answered = 5, doubted = 6;

std::string path_of(const Gate& gate) {
    return fmt::format("{}/ftcounter.{}.{:x}.{:x}", folder, gate.replica.hex(), gate.file.dev, gate.file.ino);
}

/// The bytes that a queue of this replica begins with.
Bytes header_of(const Gate& gate) {
    Encoder out;
    out.raw(view_of(std::string_view("ftqueue\0", 8)));
    out.u16(1);
    out.u16(sizeof(QueuePlace));
    out.u32(places);
    out.raw(gate.replica.bytes);
    out.u64(gate.file.dev);
    out.u64(gate.file.ino);
    out.u64(checksum_of(out.view()));
    return out.take();
}

std::uint32_t mode_of(const Gate& gate) { return gate.file.mode & 0666; }

/// Who may write the queue may count: it has to be the replica's in all of that.
bool belongs(const Fd& file, const Gate& gate) {
    struct ::stat found {};
    return ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode) && found.st_size == bytes &&
           found.st_uid == gate.file.uid && found.st_gid == gate.file.gid && (found.st_mode & 07777) == mode_of(gate);
}

void* map(const Fd& file) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

/// An empty queue without a name; no descriptor where there is no room, or it cannot be made the replica's.
Fd unnamed(const Gate& gate) {
    Fd file{again([] { return ::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); })};
    if (!file || ::posix_fallocate(file.get(), 0, bytes) != 0) return Fd();
    struct ::stat made {};
    if (::fstat(file.get(), &made) != 0) return Fd();
    const bool is_ours = made.st_uid == gate.file.uid && made.st_gid == gate.file.gid;
    if (!is_ours && ::fchown(file.get(), gate.file.uid, gate.file.gid) != 0) return Fd();
    if (::fchmod(file.get(), mode_of(gate)) != 0) return Fd();
    return file;
}

void fill(void* memory, const Gate& gate) {
    const Bytes header = header_of(gate);
    std::memcpy(memory, header.data(), header.size());  // the rest is zeros: free places
}

long futex(std::atomic<std::uint32_t>& word, int what, std::uint32_t value, const ::timespec* timeout) {
    return ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), what, value, timeout, nullptr, 0);
}

QueueAttempt record_of(std::uint64_t mark, std::uint64_t sequence, const Outcome& outcome) {
    return {mark, sequence, outcome.value, outcome.amount, static_cast<std::uint64_t>(outcome.kind)};
}

/// Nothing in memory is trusted to be a kind.
Outcome outcome_of(const QueueAttempt& record) {
    const auto last = static_cast<std::uint64_t>(Outcome::Kind::too_many);
    return {.kind = static_cast<Outcome::Kind>(std::min(record.kind, last)),
            .value = record.value,
            .amount = record.amount};
}

Operation operation_of(const QueuePlace& place) {
    Operation operation{.kind = place.kind == 0 ? Operation::Kind::get : Operation::Kind::add, .amount = place.amount};
    if (place.keyed != 0) operation.key = counter::KeyId{.low = place.key_low, .high = place.key_high};
    return operation;
}

bool waits(std::uint32_t state) { return state == posted || state == called; }

}  // namespace

std::unique_ptr<Queue> Queue::find(const Gate& gate) {
    Fd file{again([&] { return ::open(path_of(gate).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); })};
    void* memory = file && belongs(file, gate) ? map(file) : nullptr;
    if (memory == nullptr) return nullptr;
    const Bytes header = header_of(gate);
    if (std::memcmp(memory, header.data(), header.size()) == 0)
        return std::make_unique<Queue>(Key{}, gate, std::move(file), memory);
    ::munmap(memory, bytes);
    return nullptr;
}

std::unique_ptr<Queue> Queue::make(const Gate& gate) {
    if (std::unique_ptr<Queue> found = find(gate)) return found;
    const Fd file = unnamed(gate);
    void* memory = file ? map(file) : nullptr;
    if (memory == nullptr) return nullptr;
    fill(memory, gate);
    ::munmap(memory, bytes);
    const std::string self = fmt::format("/proc/self/fd/{}", file.get());
    // A name that is taken meanwhile is another's queue; any other failure: there is none.
    (void)::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_of(gate).c_str(), AT_SYMLINK_FOLLOW);
    return find(gate);
}

Queue::Queue(Key, const Gate& gate, Fd file, void* memory)
    : gate_(gate), path_(path_of(gate)), file_(std::move(file)), memory_(static_cast<std::byte*>(memory)) {}

Queue::~Queue() {
    leave();
    // Nobody comes in meanwhile; and the name is that of this file, not of another's that came after it.
    if (try_lock(door) && is_named() && is_empty()) (void)::unlink(path_.c_str());
    ::munmap(memory_, bytes);
}

Queue::State& Queue::state(std::size_t place) const { return reinterpret_cast<State*>(memory_ + states_at)[place]; }

QueuePlace& Queue::at(std::size_t place) const { return reinterpret_cast<QueuePlace*>(memory_ + places_at)[place]; }

bool Queue::is_led() const { return *reinterpret_cast<const State*>(memory_ + led_at) != 0; }

void Queue::set_led(bool led) { *reinterpret_cast<State*>(memory_ + led_at) = led ? 1 : 0; }

void Queue::close_for(std::chrono::nanoseconds length, std::chrono::nanoseconds now) {
    *reinterpret_cast<std::atomic<std::int64_t>*>(memory_ + closed_at) = (now + length).count();
}

bool Queue::is_closed(std::chrono::nanoseconds now) const {
    const std::int64_t until = *reinterpret_cast<const std::atomic<std::int64_t>*>(memory_ + closed_at);
    return until > now.count() && until - now.count() < longest_closed.count();
}

bool Queue::is_named() const {
    struct ::stat found {};
    return ::fstat(file_.get(), &found) == 0 && found.st_nlink > 0;
}

bool Queue::is_empty() const {
    for (std::size_t i = 0; i < places; ++i) {
        if (state(i) == free_place) continue;
        if (!try_lock(i)) return false;
        unlock(i);
    }
    return true;
}

bool Queue::try_lock(std::size_t byte, bool shared) const {
    struct ::flock lock {};
    lock.l_type = static_cast<short>(shared ? F_RDLCK : F_WRLCK);
    lock.l_start = static_cast<off_t>(byte);
    lock.l_len = 1;
    return again([&] { return ::fcntl(file_.get(), F_OFD_SETLK, &lock); }) == 0;
}

void Queue::unlock(std::size_t byte) const {
    struct ::flock lock {};
    lock.l_type = F_UNLCK;
    lock.l_start = static_cast<off_t>(byte);
    lock.l_len = 1;
    (void)::fcntl(file_.get(), F_OFD_SETLK, &lock);
}

bool Queue::claim() {
    if (!try_lock(door, true)) return false;
    for (std::size_t i = 0; is_named() && i < places && !own_; ++i) {
        if (state(i) != free_place || !try_lock(i)) continue;
        std::uint32_t before = free_place;
        if (state(i).compare_exchange_strong(before, kept))
            own_ = i;
        else
            unlock(i);
    }
    unlock(door);
    return own_.has_value();
}

void Queue::leave() {
    if (!own_) return;
    std::uint32_t now = state(*own_);
    while (now != taken && !state(*own_).compare_exchange_weak(now, free_place)) continue;
    unlock(*own_);  // a place that is taken is freed later, as a dead owner's is
    own_.reset();
}

bool Queue::post(const Operation& operation) {
    const bool fits = operation.kind == Operation::Kind::get || operation.kind == Operation::Kind::add;
    if (!fits || (!own_ && !claim())) return false;
    QueuePlace& place = at(*own_);
    place.kind = operation.kind == Operation::Kind::get ? 0 : 1;
    place.keyed = operation.key ? 1 : 0;
    place.amount = operation.amount;
    place.key_low = operation.key ? operation.key->low : 0;
    place.key_high = operation.key ? operation.key->high : 0;
    place.attempts = 0;
    state(*own_) = posted;
    return true;
}

Queue::Told Queue::told() const {
    const std::uint32_t now = state(*own_);
    return now == answered ? Told::outcome : now == doubted ? Told::in_doubt : Told::nothing;
}

Queue::Answer Queue::take_answer() {
    const QueuePlace& place = at(*own_);
    Answer answer{.outcome = outcome_of(place.answer),
                  .head = {.min = place.min, .max = place.max},
                  .on_disk = place.on_disk != 0,
                  .absent = place.absent};
    answer.head.value = answer.outcome.value;
    state(*own_) = kept;
    return answer;
}

void Queue::wait(std::chrono::nanoseconds at_most) {
    std::uint32_t now = called;
    if (state(*own_).compare_exchange_strong(now, posted)) return;
    if (now != posted && now != taken) return;
    const ::timespec timeout{.tv_sec = at_most.count() / 1'000'000'000, .tv_nsec = at_most.count() % 1'000'000'000};
    (void)futex(state(*own_), FUTEX_WAIT, now, &timeout);
}

void Queue::call_next() {
    for (std::size_t i = 0; i < places; ++i) {
        std::uint32_t now = posted;
        if (!state(i).compare_exchange_strong(now, called)) continue;
        if (futex(state(i), FUTEX_WAKE, 1, nullptr) > 0) return;
    }
}

bool Queue::are_waiting() const {
    for (std::size_t i = 0; i < places; ++i)
        if (const std::uint32_t now = state(i); waits(now) || now == taken) return true;
    return false;
}

std::vector<Operation> Queue::take(const Standing& now, std::size_t at_most) {
    std::vector<Operation> operations;
    taken_.clear();
    for (std::size_t i = 0; i < places && operations.size() < at_most; ++i) {
        std::uint32_t before = state(i);
        if (before != taken && (!waits(before) || !state(i).compare_exchange_strong(before, taken))) continue;
        if (is_abandoned(i) || !is_open(i, now)) continue;
        taken_.push_back(i);
        operations.push_back(operation_of(at(i)));
    }
    if (operations.size() > places / 2 || operations.empty()) free_abandoned();
    return operations;
}

bool Queue::is_abandoned(std::size_t place) {
    if (place == own_ || !try_lock(place)) return false;
    state(place) = free_place;
    unlock(place);
    return true;
}

bool Queue::is_open(std::size_t place, const Standing& now) {
    QueuePlace& guest = at(place);
    const std::size_t count = std::min<std::size_t>(guest.attempts, most_attempts);
    const bool repeatable = guest.kind == 0 || guest.keyed != 0;
    bool lost = count == most_attempts && !now.final;
    for (std::size_t i = 0; i < count; ++i) {
        const QueueAttempt& one = guest.attempt[i];
        const auto& marks = now.head.marks;
        if (std::find(marks.begin(), marks.end(), one.mark) != marks.end()) {
            tell(place, one, now);
            return false;
        }
        lost = lost || (!repeatable && one.sequence + counter::remembered_commits <= now.sequence);
    }
    if (lost) set(place, doubted);
    if (now.final) guest.attempts = 0;
    return !lost;
}

void Queue::about_to_commit(std::uint64_t mark, std::uint64_t sequence, std::span<const Outcome> outcomes) {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
        QueuePlace& guest = at(taken_[i]);
        const std::uint32_t count = std::min<std::uint32_t>(guest.attempts, most_attempts - 1);
        guest.attempt[count] = record_of(mark, sequence, outcomes[i]);
        guest.attempts = count + 1;
    }
}

void Queue::answer(const Standing& now, std::span<const Outcome> outcomes) {
    for (std::size_t i = 0; i < taken_.size(); ++i) tell(taken_[i], record_of(0, 0, outcomes[i]), now);
    taken_.clear();
}

void Queue::tell(std::size_t place, const QueueAttempt& answer, const Standing& now) {
    QueuePlace& guest = at(place);
    guest.answer = answer;
    guest.min = now.head.min;
    guest.max = now.head.max;
    guest.on_disk = now.on_disk ? 1 : 0;
    guest.absent = static_cast<std::uint32_t>(now.absent);
    set(place, answered);
}

void Queue::set(std::size_t place, std::uint32_t what) {
    state(place) = what;
    (void)futex(state(place), FUTEX_WAKE, 1, nullptr);
}

void Queue::free_abandoned() {
    for (std::size_t i = 0; i < places; ++i) {
        const std::uint32_t now = state(i);
        if (now != kept && now != answered && now != doubted) continue;
        (void)is_abandoned(i);
    }
}

bool Queue::withdraw(bool locked) {
    if (!own_) return true;
    std::uint32_t now = state(*own_);
    while (waits(now))
        if (state(*own_).compare_exchange_weak(now, kept)) return true;
    if (now != taken || !locked || at(*own_).attempts != 0) return now == kept;
    state(*own_) = kept;
    return true;
}

}  // namespace ft::shm
