#include "libcore/proc/bounded.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

#include "libcore/base/bytes.h"

namespace ft::proc {

namespace {

constexpr std::chrono::milliseconds first_pause{1}, longest_pause{50};

/// Time left, in whole milliseconds, rounded up.
int left_ms(const Bounds& bounds) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(bounds.end - bounds.clock.monotonic());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

/// poll(2), again after a signal. returns  the first that is ready, its index; the size where time was up.
std::size_t poll_first(std::vector<pollfd>& descriptors, int timeout_ms) {
    const int ready = again([&] { return ::poll(descriptors.data(), descriptors.size(), timeout_ms); });
    if (ready < 0) throw system_failure("cannot wait for a program", "", errno);
    const auto first =
        std::find_if(descriptors.begin(), descriptors.end(), [](const pollfd& one) { return one.revents != 0; });
    return static_cast<std::size_t>(first - descriptors.begin());
}

std::vector<pollfd> watch(const std::vector<int>& stops) {
    std::vector<pollfd> descriptors;
    for (const int stop : stops) descriptors.push_back({stop, POLLIN, 0});
    return descriptors;
}

Waited wait_for(int descriptor, short events, const Bounds& bounds) {
    std::vector<pollfd> descriptors = watch(bounds.stops);
    const std::size_t stops = descriptors.size();
    descriptors.push_back({descriptor, events, 0});
    const std::size_t first = poll_first(descriptors, left_ms(bounds));
    return first < stops ? Waited::stopped : first == stops ? Waited::done : Waited::late;
}

/// Keeps the beginning of what a program prints.
class Output {
public:
    Output(Child& child, std::size_t most) : child_(child), most_(most) {}
    /// -1 once it has ended.
    [[nodiscard]] int descriptor() const { return ended_ ? -1 : child_.output(); }
    void take() {
        std::byte buffer[4096];
        const std::size_t got = child_.read(buffer);
        ended_ = got == 0;
        text_ += text_of(View(buffer).first(std::min(got, most_ - text_.size())));
    }
    /// What is in the pipe already. Others may hold its end, and write for ever.
    void take_rest() {
        std::vector<pollfd> output{{descriptor(), POLLIN, 0}};
        while (text_.size() < most_ && !ended_ && poll_first(output, 0) == 0) take();
    }
    [[nodiscard]] std::string text() { return std::move(text_); }

private:
    Child& child_;
    std::size_t most_;
    std::string text_;
    bool ended_ = false;
};

}  // namespace

void Interrupt::raise() {
    raised_ = true;
    if (const int event = shared_; event >= 0) (void)::eventfd_write(event, 1);
}

void Interrupt::clear() {
    raised_ = false;
    eventfd_t count = 0;
    if (event_) (void)::eventfd_read(event_.get(), &count);
}

int Interrupt::descriptor() const {
    if (!event_) {
        event_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!event_) throw system_failure("cannot make an eventfd", "", errno);
        shared_ = event_.get();
        if (raised_) (void)::eventfd_write(shared_, 1);  // there was nothing to write to
    }
    return event_.get();
}

Waited wait_until(const std::function<bool()>& done, const Bounds& bounds) {
    for (std::chrono::milliseconds pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
        if (done()) return Waited::done;
        if (left_ms(bounds) == 0) return Waited::late;
        std::vector<pollfd> stops = watch(bounds.stops);
        if (poll_first(stops, std::min(static_cast<int>(pause.count()), left_ms(bounds))) < stops.size())
            return Waited::stopped;
    }
}

Waited wait_readable(int descriptor, const Bounds& bounds) { return wait_for(descriptor, POLLIN, bounds); }
Waited wait_writable(int descriptor, const Bounds& bounds) { return wait_for(descriptor, POLLOUT, bounds); }

Ran run_bounded(Spawn spawn, const Bounds& bounds, std::size_t most_output) {
    spawn.capture_output = true;
    Child child = Child::start(spawn);
    Output output(child, most_output);
    for (;;) {
        // The output last: one that never ends must not hide the others.
        std::vector<pollfd> descriptors = watch(bounds.stops);
        const std::size_t stops = descriptors.size(), ended = stops, printed = stops + 1;
        descriptors.push_back({child.handle(), POLLIN, 0});
        descriptors.push_back({output.descriptor(), POLLIN, 0});
        const std::size_t first = poll_first(descriptors, left_ms(bounds));
        if (first == printed && left_ms(bounds) > 0) {
            output.take();
        } else if (first == ended) {
            output.take_rest();
            return {.ending = child.wait(), .stopped = false, .output = output.text()};
        } else {
            child.end();
            return {.ending = std::nullopt, .stopped = first < stops, .output = output.text()};
        }
    }
}

}  // namespace ft::proc
