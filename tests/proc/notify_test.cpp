#include "libcore/proc/notify.h"

#include "libcore/proc/child.h"
#include "tests/catch.h"

namespace ft::proc {

namespace {

/// As a job says it, by hand: one datagram to the address.
void say(const std::string& address, const std::string& message) {
    Child python = Child::start({.command = {"python3", "-c",
                                             "import os,socket\n"
                                             "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n"
                                             "a=os.environ['NOTIFY_SOCKET']\n"
                                             "s.sendto(os.environ['MESSAGE'].encode(),'\\0'+a[1:] if a[0]=='@' else a)"},
                                 .environment = {{"NOTIFY_SOCKET", address}, {"MESSAGE", message}}});
    REQUIRE(python.wait().succeeded());
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
