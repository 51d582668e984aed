// Time and chance, handed in at construction so that a simulation can own both.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

#include "libcore/base/hash.h"

namespace ft {

/// A moment since 1970-01-01 UTC, as the file system keeps it; s may be negative, 0 <= ns < 1e9.
struct Time {
    std::int64_t s = 0;
    std::uint32_t ns = 0;
    auto operator<=>(const Time&) const = default;
};

class Clock {
public:
    virtual ~Clock() = default;
    /// CLOCK_REALTIME.
    [[nodiscard]] virtual Time now() = 0;
    /// The clock that file systems stamp files with (CLOCK_REALTIME_COARSE): never later than the stamp of a write that
    /// follows.
    [[nodiscard]] virtual Time file_clock() = 0;
    /// For durations only.
    [[nodiscard]] virtual std::chrono::nanoseconds monotonic() = 0;
    virtual void sleep(std::chrono::nanoseconds) = 0;
    [[nodiscard]] virtual std::uint64_t random() = 0;
    [[nodiscard]] Uuid random_uuid();
};

/// The machine's clock and getrandom(2). Thread-safe.
class SystemClock final : public Clock {
public:
    Time now() override;
    Time file_clock() override;
    std::chrono::nanoseconds monotonic() override;
    void sleep(std::chrono::nanoseconds) override;
    std::uint64_t random() override;
};

/// A duration as a number, for arithmetic and reports.
[[nodiscard]] inline double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

}  // namespace ft
