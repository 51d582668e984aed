#include "libcore/proc/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

#include "tests/catch.h"

namespace ft::proc {

namespace {

/// As a job says it: one datagram to the address.
void say(const std::string& address, const std::string& message) {
    REQUIRE(address.starts_with('@'));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    address.copy(to.sun_path + 1, address.size() - 1, 1);
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    REQUIRE(::sendto(socket.get(), message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&to), length) ==
            static_cast<ssize_t>(message.size()));
}

}  // namespace

TEST_CASE("a job that says READY=1 is heard, whatever else it says", "[proc]") {
    SystemClock clock;
    NotifySocket socket(clock);
    CHECK_FALSE(socket.take_ready());
    say(socket.address(), "STATUS=READY=1 soon");
    CHECK_FALSE(socket.take_ready());
    say(socket.address(), "STATUS=up\nREADY=1\n");
    CHECK(socket.take_ready());
    CHECK_FALSE(socket.take_ready());
}

TEST_CASE("two sockets do not disturb each other", "[proc]") {
    SystemClock clock;
    NotifySocket one(clock), two(clock);
    say(one.address(), "READY=1");
    CHECK_FALSE(two.take_ready());
    CHECK(one.take_ready());
}

}  // namespace ft::proc
