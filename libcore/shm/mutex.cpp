#include "libcore/shm/mutex.h"

#include <fmt/format.h>
#include <linux/futex.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>

#include "libcore/base/failure.h"

namespace ft::shm {

namespace {

constexpr std::chrono::milliseconds turn{100};
constexpr int spins = 100;  // a critical section takes 30 ns, sleeping and waking a hundred times that

void need(int error) {
    if (error != 0) throw system_failure("cannot make a lock in", "shared memory", error);
}

/// The mutex as one call left it, made ours if that can be.
int after(Mutex& mutex, int error) { return error == EOWNERDEAD ? ::pthread_mutex_consistent(&mutex.native) : error; }

/// A moment of CLOCK_REALTIME.
::timespec time_after(const Time& now, std::chrono::nanoseconds length) {
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t ns = now.ns + length.count();
    return {.tv_sec = now.s + ns / second, .tv_nsec = ns % second};
}

/// The kernel finds the holder's thread in the lock's first word (robust_list(2)), so a message may look there too.
std::string holder_of(const Mutex& mutex) {
    std::uint32_t word = 0;
    std::memcpy(&word, &mutex.native, sizeof word);
    return fmt::format("pid {}", word & FUTEX_TID_MASK);
}

}  // namespace

void begin(Mutex& mutex) {
    pthread_mutexattr_t kind;
    need(::pthread_mutexattr_init(&kind));
    need(::pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED));
    need(::pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST));
    need(::pthread_mutex_init(&mutex.native, &kind));
    need(::pthread_mutexattr_destroy(&kind));
}

std::optional<Held> Held::try_take(Mutex& mutex) {
    if (after(mutex, ::pthread_mutex_trylock(&mutex.native)) != 0) return std::nullopt;
    return Held(mutex);
}

void Held::wait(Mutex& mutex, int error, Clock& clock, const Wait& how) {
    for (int i = 0; error == EBUSY && i < spins; ++i) error = ::pthread_mutex_trylock(&mutex.native);
    // In turns, so that the wait does not depend on a clock that is set meanwhile. (pthread_mutex_clocklock would not,
    // but ThreadSanitizer of GCC 12 does not know it.)
    const std::chrono::nanoseconds end = clock.monotonic() + how.patience;
    while ((error == EBUSY || error == ETIMEDOUT) && clock.monotonic() < end) {
        const ::timespec turn_ends = time_after(clock.now(), std::min<std::chrono::nanoseconds>(turn, how.patience));
        error = ::pthread_mutex_timedlock(&mutex.native, &turn_ends);
    }
    error = after(mutex, error);
    if (error == 0) return;
    if (error == ETIMEDOUT || error == EBUSY)
        throw Failure({.what = "cannot count",
                       .where = std::string(how.where),
                       .why = holder_of(mutex) + " holds its lock",
                       .todo = "nothing changed; try again, or see what stopped that process",
                       .exit = Exit::busy});
    throw damage(how.where, fmt::format("its lock is broken (error {})", error));
}

}  // namespace ft::shm
