// The one thread of the frame: it takes signals and draws the progress line while the command works.
#pragma once

#include <atomic>

#include "libcore/base/clock.h"
#include "libcore/base/parallel.h"
#include "libcore/base/progress.h"
#include "libcore/ui/signals.h"
#include "libcore/ui/terminal.h"

namespace ft::ui {

class Attendant {
public:
    enum class Begin { at_once, at_first_step };
    /// at_first_step  of the progress: a thread costs a brief command a fifth of its time. Until then signals wait.
    Attendant(Signals& signals, Progress& progress, ProgressLine& line, Clock& clock, Begin begin);
    ~Attendant();
    Attendant(const Attendant&) = delete;
    Attendant& operator=(const Attendant&) = delete;

    /// Ends the thread; the progress line is gone.
    void dismiss();
    /// The signal that asked to stop; 0 for none.
    [[nodiscard]] int signal() const { return signal_.load(); }

private:
    void begin();
    void attend();
    void take_signal();
    Signals& signals_;
    Progress& progress_;
    ProgressLine& line_;
    Clock& clock_;
    std::atomic<int> signal_{0};
    Fd dismissed_;  // an eventfd: readable when the thread is to end
    parallel_detail::Crew crew_;
};

}  // namespace ft::ui
