// A program that may take so long and no longer, and waiting that ends when the user wants to stop.
//
//     const Ran ran = run_bounded({.command = {"./inventory", "prepare", id}, .own_group = true}, bounds);
//     if (!ran.ending) ...   // it was ended, with all of its group
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/proc/child.h"

namespace ft::proc {

/// How long something may take, and what ends it before.
struct Bounds {
    Clock& clock;
    std::chrono::nanoseconds end;  ///< in the clock's monotonic time
    std::vector<int> stops;        ///< descriptors: readable once somebody wants to stop; -1: none
};
[[nodiscard]] inline Bounds bounds_from_now(Clock& clock, std::chrono::nanoseconds limit, std::vector<int> stops) {
    return {clock, clock.monotonic() + limit, std::move(stops)};
}

/// The same, but no longer than `limit` from now.
[[nodiscard]] inline Bounds within(const Bounds& bounds, std::chrono::nanoseconds limit) {
    return {bounds.clock, std::min(bounds.end, bounds.clock.monotonic() + limit), bounds.stops};
}

/// One more reason to stop, raised by another thread.
class Interrupt {
public:
    /// Thread-safe.
    void raise();
    /// As if it had never been raised.
    void clear();
    [[nodiscard]] bool is_raised() const { return raised_; }
    /// Readable while it is raised. Not thread-safe: for who clears it.
    [[nodiscard]] int descriptor() const;

private:
    std::atomic<bool> raised_ = false;
    mutable std::atomic<int> shared_ = -1;  // event_'s, once there is one: most are never waited for
    mutable Fd event_;
};

enum class Waited : std::uint8_t { done, late, stopped };

/// Asks `done` again and again, at first at once, then every 50 ms.
[[nodiscard]] Waited wait_until(const std::function<bool()>& done, const Bounds& bounds);

/// Waits until the descriptor can be read, or written.
[[nodiscard]] Waited wait_readable(int descriptor, const Bounds& bounds);
[[nodiscard]] Waited wait_writable(int descriptor, const Bounds& bounds);

struct Ran {
    std::optional<Ending> ending;  ///< std::nullopt: it was ended
    bool stopped = false;          ///< because somebody wanted to stop; else because time was up
    std::string output;            ///< the beginning of its stdout
};

/// Runs a program to its end. What it has started and left behind is not waited for.
///
/// spawn        capture_output is set.
/// most_output  bytes of its stdout that are kept; the rest is read and forgotten.
[[nodiscard]] Ran run_bounded(Spawn spawn, const Bounds& bounds, std::size_t most_output);

}  // namespace ft::proc
