// Goal: a frozen tree stands still as a whole, and runs again whatever happens to us.
// Method: real processes; their state is what /proc says.
#include "libcore/proc/freeze.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "libcore/base/bytes.h"
#include "tests/catch.h"

namespace ft::proc {

namespace {

char state_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t end = text.rfind(')');
    return end == std::string::npos ? 'X' : text[end + 2];
}

bool is_stopped(pid_t pid) { return state_of(pid) == 'T'; }

/// A shell with a child; both are known by number.
struct Family {
    Child shell;
    pid_t child = 0;
    explicit Family(Child started) : shell(std::move(started)) {
        std::string text;
        std::byte byte[1];
        while (shell.read(byte) == 1 && text_of(byte) != "\n") text += text_of(byte);
        child = static_cast<pid_t>(std::stol(text));
    }
};

Family family() {
    return Family(Child::start({.command = {"/bin/sh", "-c", "sleep 100 & echo $!; wait"}, .capture_output = true}));
}

/// Waits for what another process does soon; the deadline is only met by a failing test.
template <class Condition>
bool becomes(Condition condition) {
    SystemClock clock;
    const auto deadline = clock.monotonic() + std::chrono::seconds(20);
    while (!condition())
        if (clock.monotonic() > deadline) return false;
    return true;
}

}  // namespace

TEST_CASE("a process and its children stand still, and run again", "[proc]") {
    SystemClock clock;
    Family one = family();
    Freeze freeze(one.shell.pid(), {}, clock);
    CHECK(freeze.processes() == 2);
    CHECK(is_stopped(one.shell.pid()));
    CHECK(is_stopped(one.child));
    freeze.thaw();
    CHECK(becomes([&] { return !is_stopped(one.shell.pid()) && !is_stopped(one.child); }));
    ::kill(one.child, SIGKILL);
}

TEST_CASE("what was stopped before stays stopped", "[proc]") {
    SystemClock clock;
    Family one = family();
    ::kill(one.child, SIGSTOP);
    REQUIRE(becomes([&] { return is_stopped(one.child); }));
    {
        Freeze freeze(one.shell.pid(), {}, clock);
        CHECK(freeze.processes() == 1);
    }
    CHECK(becomes([&] { return !is_stopped(one.shell.pid()); }));
    CHECK(is_stopped(one.child));
    ::kill(one.child, SIGKILL);
}

TEST_CASE("a frozen tree runs again when the one who froze it is killed", "[proc]") {
    Family one = family();
    Pipe frozen = make_pipe();
    const pid_t freezer = ::fork();
    if (freezer == 0) {
        SystemClock clock;
        Freeze freeze(one.shell.pid(), {}, clock);
        [[maybe_unused]] const ssize_t written = ::write(frozen.write.get(), "x", 1);
        ::pause();
    }
    char byte = 0;
    REQUIRE(::read(frozen.read.get(), &byte, 1) == 1);
    CHECK(is_stopped(one.child));
    ::kill(freezer, SIGKILL);
    int status = 0;
    ::waitpid(freezer, &status, 0);
    CHECK(becomes([&] { return !is_stopped(one.shell.pid()) && !is_stopped(one.child); }));
    ::kill(one.child, SIGKILL);
}

TEST_CASE("who waits for us, or feeds us, is not frozen", "[proc]") {
    SystemClock clock;
    const auto exit_of = [&](pid_t pid, const std::vector<int>& inputs) {
        try {
            Freeze freeze(pid, inputs, clock);
        } catch (const Failure& failure) {
            return failure.exit();
        }
        return Exit::done;
    };
    CHECK(exit_of(::getpid(), {}) == Exit::usage);
    CHECK(exit_of(::getppid(), {}) == Exit::usage);
    Family one = family();
    CHECK(exit_of(one.shell.pid(), {one.shell.output()}) == Exit::usage);
    CHECK(becomes([&] { return !is_stopped(one.shell.pid()); }));
    CHECK(exit_of(0x3ffffff0, {}) == Exit::failed);
    ::kill(one.child, SIGKILL);
}

}  // namespace ft::proc
