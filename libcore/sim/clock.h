// Virtual time and seeded chance: a clock that stands still unless the simulation moves it, so that a run is the same
// every time.
//
// Each call of a disk moves it a little; a sleep moves it by its length (alone) or hands the turn to another process
// (world.h).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "libcore/base/clock.h"
#include "libcore/sim/chance.h"

namespace ft::sim {

class SimClock final : public Clock {
public:
    /// Begins at 2026-11-23T10:00:00Z. Thread-safe.
    explicit SimClock(std::uint64_t seed) : chance_(seed) {}

    Time now() override { return time_at(since_1970()); }
    /// In ticks of 4 ms, as Linux with CONFIG_HZ=250.
    Time file_clock() override {
        const std::chrono::nanoseconds t = since_1970();
        return time_at(t - t % tick);
    }
    std::chrono::nanoseconds monotonic() override { return since_1970() - start; }
    void sleep(std::chrono::nanoseconds length) override { advance(length); }
    std::uint64_t random() override {
        std::lock_guard lock(mutex_);
        return chance_.next();
    }

    void advance(std::chrono::nanoseconds length) {
        if (length.count() > 0) now_ns_ += length.count();
    }
    /// The wall clock's nanoseconds since 1970.
    [[nodiscard]] std::chrono::nanoseconds since_1970() const { return std::chrono::nanoseconds(now_ns_); }
    void set(std::chrono::nanoseconds since_1970) { now_ns_ = since_1970.count(); }

    static constexpr std::chrono::nanoseconds start = std::chrono::seconds(1795428000);

private:
    static constexpr std::chrono::nanoseconds tick = std::chrono::milliseconds(4);
    static Time time_at(std::chrono::nanoseconds t) {
        return {t.count() / 1'000'000'000, static_cast<std::uint32_t>(t.count() % 1'000'000'000)};
    }
    std::atomic<std::int64_t> now_ns_ = start.count();
    std::mutex mutex_;
    Chance chance_;
};

}  // namespace ft::sim
