// Patience with others who want the same: waits a random while before each next try, longer each time, until a
// deadline.
#pragma once

#include <algorithm>
#include <chrono>

#include "libcore/base/clock.h"

namespace ft::counter {

class Race {
public:
    Race(Clock& clock, std::chrono::nanoseconds at_most) : clock_(clock), until_(clock.monotonic() + at_most) {}

    /// Waits. false: the time is over.
    [[nodiscard]] bool again() {
        if (clock_.monotonic() >= until_) return false;
        clock_.sleep(std::chrono::nanoseconds(clock_.random() % static_cast<std::uint64_t>(pause_.count())));
        pause_ = std::min<std::chrono::nanoseconds>(2 * pause_, std::chrono::milliseconds(100));
        return true;
    }

private:
    Clock& clock_;
    std::chrono::nanoseconds until_;
    std::chrono::nanoseconds pause_ = std::chrono::milliseconds(1);
};

}  // namespace ft::counter
