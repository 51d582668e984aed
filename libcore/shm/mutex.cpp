#include "libcore/shm/mutex.h"

#include <fmt/format.h>
#include <linux/futex.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>

#include "libcore/base/failure.h"

namespace ft::shm {

namespace {

constexpr std::chrono::seconds patience{10};
constexpr int spins = 100;  // a critical section takes 30 ns, sleeping and waking a hundred times that

void need(int error) {
    if (error != 0) throw system_failure("cannot make a lock in", "shared memory", error);
}

/// The mutex as one call left it, made ours if that can be.
int after(Mutex& mutex, int error) { return error == EOWNERDEAD ? ::pthread_mutex_consistent(&mutex.native) : error; }

::timespec time_after(Clock& clock, std::chrono::nanoseconds length) {
    const std::chrono::nanoseconds end = clock.monotonic() + length;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(end);
    return {.tv_sec = whole.count(), .tv_nsec = (end - whole).count()};
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

void Held::wait(Mutex& mutex, int error, Clock& clock, std::string_view where) {
    for (int i = 0; error == EBUSY && i < spins; ++i) error = ::pthread_mutex_trylock(&mutex.native);
    if (error == EBUSY) {
        const ::timespec end = time_after(clock, patience);
        error = ::pthread_mutex_clocklock(&mutex.native, CLOCK_MONOTONIC, &end);
    }
    error = after(mutex, error);
    if (error == 0) return;
    if (error == ETIMEDOUT)
        throw Failure({.what = "cannot count",
                       .where = std::string(where),
                       .why = holder_of(mutex) + " holds its lock",
                       .todo = "nothing changed; try again, or see what stopped that process",
                       .exit = Exit::busy});
    throw damage(where, fmt::format("its lock is broken (error {})", error));
}

}  // namespace ft::shm
