// A file descriptor that closes itself, and the one way to call the kernel again after a signal.
//
//     Fd fd{again([&] { return ::openat(dir, name, flags); })};
//     if (!fd) throw system_failure("cannot open", path, errno);
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ft {

class Fd {
public:
    Fd() = default;
    explicit Fd(int number) : number_(number) {}
    Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        const int taken = std::exchange(other.number_, -1);
        reset();
        number_ = taken;
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    /// Errors of close(2) are not looked at: what must be durable was synced before, and syncfs reports late ones too.
    ~Fd() { reset(); }
    void reset() noexcept {
        if (number_ >= 0) ::close(number_);
        number_ = -1;
    }

    [[nodiscard]] int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }

private:
    int number_ = -1;
};

/// Calls until it is not interrupted by a signal (EINTR); gives up after a thousand times.
template <class Call>
auto again(Call call) {
    auto result = call();
    for (int tries = 0; result == -1 && errno == EINTR && tries < 1000; ++tries) result = call();
    return result;
}

}  // namespace ft
