// Goal: a process is told from every other one, and who has a file open is known.
#include "libcore/proc/processes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "libcore/proc/child.h"
#include "tests/catch.h"

namespace ft::proc {

TEST_CASE("a process is alive until it has ended, and another one with its number is not it", "[proc]") {
    Child child = Child::start({.command = {"sleep", "100"}, .own_group = true});
    const std::optional<Identity> identity = identity_of(child.pid());
    REQUIRE(identity.has_value());
    CHECK(is_alive(*identity));
    CHECK(status_of(child.pid())->group == child.pid());
    CHECK(status_of(child.pid())->parent == ::getpid());
    Identity other = *identity;
    ++other.started;
    CHECK_FALSE(is_alive(other));
    other = *identity;
    other.boot += "x";
    CHECK_FALSE(is_alive(other));
    child.signal(SIGKILL);
    siginfo_t ended;
    REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid()), &ended, WEXITED | WNOWAIT) == 0);
    CHECK_FALSE(is_alive(*identity));  // a zombie
    (void)child.wait();
    CHECK_FALSE(identity_of(identity->pid).has_value());
}

TEST_CASE("who has a file open is named with its command", "[proc]") {
    Pipe pipe = make_pipe();
    struct stat file {};
    REQUIRE(::fstat(pipe.read.get(), &file) == 0);
    CHECK(holders_of({file.st_dev, file.st_ino}).empty());  // but this process
    const Child child = Child::start({.command = {"sleep", "100"}, .descriptor_3 = pipe.read.get()});
    CHECK(holders_of({file.st_dev, file.st_ino}) == std::vector<pid_t>{child.pid()});
    CHECK(name_of(child.pid()) == "pid " + std::to_string(child.pid()) + " (sleep 100)");
}

}  // namespace ft::proc
