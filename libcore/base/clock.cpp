#include "libcore/base/clock.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>

#include <sys/random.h>

#include "libcore/base/failure.h"

namespace ft {

namespace {

Time read_clock(clockid_t id) {
    timespec t{};
    check(clock_gettime(id, &t) == 0, "the kernel has this clock");
    return {t.tv_sec, static_cast<std::uint32_t>(t.tv_nsec)};
}

}  // namespace

Uuid Clock::random_uuid() {
    const std::uint64_t halves[2] = {random(), random()};
    Uuid uuid;
    static_assert(sizeof halves == sizeof uuid.bytes);
    std::memcpy(uuid.bytes.data(), halves, sizeof halves);
    return uuid;
}

Time SystemClock::now() { return read_clock(CLOCK_REALTIME); }

Time SystemClock::file_clock() { return read_clock(CLOCK_REALTIME_COARSE); }

std::chrono::nanoseconds SystemClock::monotonic() {
    const Time t = read_clock(CLOCK_MONOTONIC);
    return std::chrono::seconds(t.s) + std::chrono::nanoseconds(t.ns);
}

void SystemClock::sleep(std::chrono::nanoseconds duration) { std::this_thread::sleep_for(duration); }

std::uint64_t SystemClock::random() {
    std::uint64_t value = 0;
    // Up to 256 bytes come whole or not at all; a signal can only interrupt the wait for the pool at boot.
    while (getrandom(&value, sizeof value, 0) != sizeof value)
        if (errno != EINTR) throw system_failure("cannot get random bytes", "getrandom", errno);
    return value;
}

}  // namespace ft
