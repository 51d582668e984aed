#include "libcore/ui/attendant.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "libcore/base/failure.h"

namespace ft::ui {

namespace {
constexpr int draw_every_ms = 200;
}

Attendant::Attendant(Signals& signals, Progress& progress, ProgressLine& line, Clock& clock, Begin begin)
    : signals_(signals), progress_(progress), line_(line), clock_(clock) {
    progress_.at_first_step = [this] { this->begin(); };
    if (begin == Begin::at_once && !progress_.has_begun.exchange(true)) this->begin();
}

void Attendant::begin() {
    dismissed_ = Fd(::eventfd(0, EFD_CLOEXEC));
    if (!dismissed_) throw system_failure("cannot watch for signals", "", errno);
    crew_.start([this] { attend(); });
}

Attendant::~Attendant() { dismiss(); }

void Attendant::dismiss() {
    if (progress_.has_begun.exchange(true) && dismissed_) {  // no step begins it from here on
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written =
            ::write(dismissed_.get(), &one, sizeof one);  // cannot overflow in a lifetime
        crew_.join();
    }
    line_.end();
    take_signal();  // one that came after the thread's last look
}

void Attendant::attend() {
    const int timeout_ms = line_.enabled() ? draw_every_ms : -1;
    for (;;) {
        pollfd ready[] = {{dismissed_.get(), POLLIN, 0}, {signals_.descriptor(), POLLIN, 0}};
        const int count = ::poll(ready, 2, timeout_ms);
        if (count < 0) continue;  // EINTR
        if (ready[0].revents != 0) return;
        if (ready[1].revents != 0) take_signal();
        if (count == 0) line_.draw(sample(progress_, clock_.monotonic()));
    }
}

void Attendant::take_signal() {
    const int signal = signals_.take();
    if (signal == 0) return;
    if (signal_.exchange(signal) != 0) {
        line_.end();
        die_by(signal);  // asked twice: now
    }
    progress_.stop = true;
    signals_.stop();
}

}  // namespace ft::ui
