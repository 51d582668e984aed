#include "libcore/proc/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::proc {

namespace {
constexpr int pipe_bytes = 1 << 20;  // what any user may ask for
}

Input::Input(Fd owned, int descriptor, std::string name, int stop)
    : owned_(std::move(owned)), descriptor_(descriptor), name_(std::move(name)), stop_(stop) {
    // A pipe gets more room, so that its ends wait for each other less often; refused by others, which does no harm.
    (void)::fcntl(descriptor_, F_SETPIPE_SZ, pipe_bytes);
}

Input Input::of_stdin(int stop) { return {Fd(), STDIN_FILENO, "stdin", stop}; }

Input Input::open(const std::string& path, int stop) {
    // Non-blocking: a FIFO that nobody writes to yet must not hold us in open(), where no signal could stop us.
    Fd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!opened) throw system_failure("cannot open", path, errno);
    struct stat what {};
    if (::fstat(opened.get(), &what) == 0 && S_ISDIR(what.st_mode))
        throw system_failure("cannot read as a stream", path, EISDIR);
    const int descriptor = opened.get();
    return {std::move(opened), descriptor, path, stop};
}

Input Input::of_child(const Child& child, const std::string& name, int stop) {
    return {Fd(), child.output(), name, stop};
}

std::size_t Input::fill(std::span<std::byte> into) {
    std::size_t filled = 0;
    while (filled < into.size()) {
        wait();
        const ssize_t got = ::read(descriptor_, into.data() + filled, into.size() - filled);
        if (got == 0) break;
        if (got > 0)
            filled += static_cast<std::size_t>(got);
        else if (errno != EINTR && errno != EAGAIN)
            throw system_failure("cannot read", name_, errno);
    }
    return filled;
}

std::size_t Input::read_some(std::span<std::byte> into) {
    for (;;) {
        if (!std::exchange(ready_, false)) wait();
        const ssize_t got = ::read(descriptor_, into.data(), into.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR && errno != EAGAIN) throw system_failure("cannot read", name_, errno);
    }
}

bool Input::is_ready(std::chrono::microseconds within) {
    pollfd ready[] = {{descriptor_, POLLIN, 0}, {stop_, POLLIN, 0}};
    const ::timespec length{.tv_sec = within.count() / 1'000'000, .tv_nsec = within.count() % 1'000'000 * 1000};
    const bool is_ready = ::ppoll(ready, 2, &length, nullptr) > 0;
    ready_ = is_ready && ready[1].revents == 0;
    return is_ready;
}

bool Input::is_terminal() const { return ::isatty(descriptor_) == 1; }

void Input::wait() const {
    pollfd ready[] = {{descriptor_, POLLIN, 0}, {stop_, POLLIN, 0}};
    while (::poll(ready, 2, -1) < 0)
        if (errno != EINTR) throw system_failure("cannot wait for", name_, errno);
    if (ready[1].revents != 0) throw Failure({.what = "stopped", .where = name_});
}

}  // namespace ft::proc
