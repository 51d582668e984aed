#include "libcore/base/fd.h"

#include <fcntl.h>

#include "tests/catch.h"

namespace ft {

TEST_CASE("an interrupted call is made again, but not for ever", "[base]") {
    int calls = 0;
    const auto interrupted_until = [&](int last) {
        return [&calls, last] {
            errno = EINTR;
            return ++calls < last ? -1 : 7;
        };
    };
    CHECK(again(interrupted_until(5)) == 7);
    CHECK(calls == 5);
    calls = 0;
    CHECK(again(interrupted_until(1 << 20)) == -1);
    CHECK(calls == 1001);
}

TEST_CASE("a descriptor closes with its owner", "[base]") {
    int number = -1;
    {
        Fd fd(::open("/", O_RDONLY | O_CLOEXEC));
        number = fd.get();
        Fd moved = std::move(fd);
        CHECK(moved.get() == number);
        CHECK(::fcntl(number, F_GETFD) == FD_CLOEXEC);
    }
    CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("a descriptor that is taken over closes the one before it, and only that", "[base]") {
    Fd one(::open("/", O_RDONLY | O_CLOEXEC)), other(::open("/", O_RDONLY | O_CLOEXEC));
    const int first = one.get(), second = other.get();
    one = std::move(other);
    CHECK(one.get() == second);
    CHECK_FALSE(other);
    CHECK(::fcntl(first, F_GETFD) == -1);
    CHECK(::fcntl(second, F_GETFD) == FD_CLOEXEC);
    one.reset();
    CHECK_FALSE(one);
    CHECK(::fcntl(second, F_GETFD) == -1);
}

}  // namespace ft
