#include "libcore/ui/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "libcore/base/failure.h"

namespace ft::ui {

namespace {
constexpr std::size_t buffer_bytes = 64U << 10;
constexpr int pipe_bytes = 1 << 20;  // what any user may ask for; refused elsewhere, which does no harm
}  // namespace

void Output::write(std::string_view text) {
    std::lock_guard lock(mutex_);
    if (buffer_.size() + text.size() > buffer_bytes) write_buffer();
    if (text.size() > buffer_bytes)
        write_through(text);
    else
        buffer_ += text;
    require_written();
}

void Output::line(std::string_view text) {
    std::string whole(text);
    whole += '\n';
    write(whole);
}

void Output::flush() {
    std::lock_guard lock(mutex_);
    write_buffer();
    require_written();
}

std::size_t Output::write_some(View bytes, std::chrono::milliseconds within) {
    std::lock_guard lock(mutex_);
    write_buffer();
    require_written();
    pollfd ready{descriptor_, POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(within.count())) <= 0) return 0;
    const ssize_t written = ::write(never_waiting(), bytes.data(), bytes.size());
    if (written >= 0) return static_cast<std::size_t>(written);
    if (errno != EAGAIN && errno != EINTR) error_ = errno;
    require_written();
    return 0;
}

/// Not by O_NONBLOCK: others who write to the same pipe would meet it.
int Output::never_waiting() {
    struct stat what {};
    if (!never_waiting_ && ::fstat(descriptor_, &what) == 0 && S_ISFIFO(what.st_mode))
        never_waiting_ =
            Fd(::open(fmt::format("/proc/self/fd/{}", descriptor_).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return never_waiting_ ? never_waiting_.get() : descriptor_;
}

void Output::try_write(std::string_view text) {
    std::lock_guard lock(mutex_);
    write_buffer();
    write_through(text);
}

bool Output::failed() {
    std::lock_guard lock(mutex_);
    return error_ != 0;
}

void Output::close() {
    std::lock_guard lock(mutex_);
    write_buffer();
    if (::close(descriptor_) != 0 && error_ == 0 && errno != EBADF && errno != EINTR) error_ = errno;
    require_written();
}

void Output::expect_much() { (void)::fcntl(descriptor_, F_SETPIPE_SZ, pipe_bytes); }

bool Output::is_terminal() const { return ::isatty(descriptor_) == 1; }

void Output::write_buffer() {
    write_through(buffer_);
    buffer_.clear();
}

void Output::write_through(std::string_view text) {
    while (!text.empty() && error_ == 0) {
        const ssize_t written = ::write(descriptor_, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {  // somebody made the terminal or pipe that we share non-blocking
            pollfd ready{descriptor_, POLLOUT, 0};
            ::poll(&ready, 1, 1000);
        } else if (errno != EINTR) {
            error_ = errno;
        }
    }
}

void Output::require_written() const {
    if (error_ != 0) throw system_failure("cannot write", name_, error_);
}

}  // namespace ft::ui
