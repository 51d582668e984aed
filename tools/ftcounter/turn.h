// How long one process keeps a counter to itself: as long as it has work, and not so long that others starve.
#pragma once

#include <sched.h>

#include <chrono>

#include "libcore/base/clock.h"
#include "tools/common/counting.h"
#include "tools/ftcounter/lines.h"

namespace ft::tools {

class Turn {
public:
    Turn(Counting& counter, Clock& clock) : counter_(counter), clock_(clock) {}

    /// Before work: where the turn has lasted long enough, others come first.
    void begin() {
        const auto now = clock_.monotonic();
        if (counter_.has_turn() && now - since_ > longest) {
            counter_.release();
            clock_.sleep(pause);
        }
        if (!counter_.has_turn()) since_ = now;
    }
    /// Waits a moment for lines, and does meanwhile what others want; where nobody wants anything the turn ends.
    void wait_for(Lines& lines) {
        auto since = clock_.monotonic();
        while (counter_.has_turn() && !lines.is_ready(std::chrono::microseconds(0))) {
            const bool served = counter_.serve();
            const auto now = clock_.monotonic();
            if (now - since_ > longest) return counter_.release();
            if (served) {
                since = now;
                continue;
            }
            if (now - since > idle) return counter_.release();
            const bool may_have_company = counter_.may_have_company();
            if (!may_have_company && now - since < awake)
                ::sched_yield();
            else
                (void)lines.is_ready(may_have_company ? glance : idle);
        }
    }

    /// Who waits for each answer sends the next line sooner than a sleeper is woken. Company needs the processors.
    static constexpr std::chrono::microseconds awake{60};
    static constexpr std::chrono::microseconds idle{1000};  ///< without work for so long: the turn ends
    static constexpr std::chrono::microseconds glance{50};  ///< between looks at what others want
    static constexpr std::chrono::milliseconds longest{50};

private:
    static constexpr std::chrono::milliseconds pause{1};  // who waits looks at least so often (seats.cpp)
    Counting& counter_;
    Clock& clock_;
    std::chrono::nanoseconds since_{0};
};

}  // namespace ft::tools
