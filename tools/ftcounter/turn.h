// How long one process keeps a counter to itself: as long as it has work, and not so long that others starve.
#pragma once

#include <chrono>

#include "libcore/base/clock.h"
#include "tools/common/counting.h"

namespace ft::tools {

class Turn {
public:
    Turn(Counting& counter, Clock& clock) : counter_(counter), clock_(clock) {}

    /// Before work: where the turn has lasted long enough, others come first.
    void begin() {
        const auto now = clock_.monotonic();
        if (has_begun_ && now - since_ > longest) {
            end();
            clock_.sleep(pause);
        }
        if (!has_begun_) since_ = now;
        has_begun_ = true;
    }
    void end() {
        counter_.release();
        has_begun_ = false;
    }

    static constexpr std::chrono::milliseconds idle{1};  ///< without work for so long: end()
    static constexpr std::chrono::milliseconds longest{50};

private:
    static constexpr std::chrono::milliseconds pause{1};  // who waits looks at least so often (seats.cpp)
    Counting& counter_;
    Clock& clock_;
    std::chrono::nanoseconds since_{0};
    bool has_begun_ = false;
};

}  // namespace ft::tools
