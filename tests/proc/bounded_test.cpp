// Goal: a program that may take so long takes no longer, whatever it does, and nothing of its group is left.
#include "libcore/proc/bounded.h"

#include <unistd.h>

#include <csignal>

#include "libcore/base/text.h"
#include "tests/catch.h"

namespace ft::proc {

namespace {

Ran run(SystemClock& clock, const std::string& line, std::chrono::milliseconds limit, std::vector<int> stops = {}) {
    return run_bounded({.command = {"/bin/sh", "-c", line}, .own_group = true},
                       bounds_from_now(clock, limit, std::move(stops)), 100);
}

constexpr std::chrono::seconds ample{60};

}  // namespace

TEST_CASE("a program that ends in time is told with the beginning of what it printed", "[proc]") {
    SystemClock clock;
    const Ran ran = run(clock, "echo token; exit 3", ample);
    REQUIRE(ran.ending.has_value());
    CHECK(ran.ending->code == 3);
    CHECK(ran.output == "token\n");
    const Ran much = run(clock, "head -c 1000000 /dev/zero", ample);
    REQUIRE(much.ending.has_value());
    CHECK(much.ending->succeeded());
    CHECK(much.output == std::string(100, '\0'));
}

TEST_CASE("what a program has left behind is not waited for, even if it keeps stdout open", "[proc]") {
    SystemClock clock;
    const auto began = clock.monotonic();
    const Ran ran = run(clock, "sleep 100 & echo $!", ample);
    REQUIRE(ran.ending.has_value());
    CHECK(clock.monotonic() - began < std::chrono::seconds(30));
    const auto left = parse_number(ran.output.substr(0, ran.output.find('\n')));
    REQUIRE(left.has_value());
    CHECK(::kill(static_cast<pid_t>(*left), SIGKILL) == 0);
}

TEST_CASE("a program that takes too long is ended with its group, though it ignores SIGTERM and prints for ever",
          "[proc]") {
    SystemClock clock;
    for (const char* line : {"exec yes", "trap '' TERM; sleep 100 & wait"}) {
        const Ran ran = run(clock, line, std::chrono::milliseconds(30));
        INFO(line);
        CHECK_FALSE(ran.ending.has_value());
        CHECK_FALSE(ran.stopped);
    }
    const Ran ran = run(clock, "(trap '' TERM; sleep 100) & echo $!; sleep 100", std::chrono::milliseconds(300));
    const auto other = parse_number(ran.output.substr(0, ran.output.find('\n')));
    REQUIRE(other.has_value());
    const auto is_gone = [&] { return ::kill(static_cast<pid_t>(*other), 0) != 0; };
    CHECK(wait_until(is_gone, bounds_from_now(clock, ample, {})) == Waited::done);
}

TEST_CASE("a program is ended when somebody wants to stop", "[proc]") {
    SystemClock clock;
    Pipe stop = make_pipe();
    stop.write.reset();
    const Ran ran = run(clock, "exec yes", ample, {-1, stop.read.get()});
    CHECK_FALSE(ran.ending.has_value());
    CHECK(ran.stopped);
}

TEST_CASE("waiting ends when it is done, late or stopped", "[proc]") {
    SystemClock clock;
    int asked = 0;
    CHECK(wait_until([&] { return ++asked == 3; }, bounds_from_now(clock, ample, {})) == Waited::done);
    CHECK(asked == 3);
    CHECK(wait_until([] { return false; }, bounds_from_now(clock, std::chrono::milliseconds(5), {})) == Waited::late);
    Pipe stop = make_pipe();
    stop.write.reset();
    CHECK(wait_until([] { return false; }, bounds_from_now(clock, ample, {stop.read.get()})) == Waited::stopped);
}

TEST_CASE("waiting for a descriptor ends when it is ready, late or stopped", "[proc]") {
    SystemClock clock;
    Pipe pipe = make_pipe();
    Interrupt interrupt;
    const auto soon = [&] { return bounds_from_now(clock, std::chrono::milliseconds(1), {interrupt.descriptor()}); };
    CHECK(wait_readable(pipe.read.get(), soon()) == Waited::late);
    CHECK(wait_writable(pipe.write.get(), soon()) == Waited::done);
    REQUIRE(::write(pipe.write.get(), "x", 1) == 1);
    CHECK(wait_readable(pipe.read.get(), soon()) == Waited::done);
    interrupt.raise();
    CHECK(wait_readable(pipe.read.get(), soon()) == Waited::stopped);
}

TEST_CASE("an interrupt ends what waits until it is cleared", "[proc]") {
    SystemClock clock;
    Interrupt interrupt;
    const auto wait = [&] {
        return wait_until([] { return false; },
                          bounds_from_now(clock, std::chrono::milliseconds(1), {interrupt.descriptor()}));
    };
    CHECK(wait() == Waited::late);
    interrupt.raise();
    interrupt.raise();
    CHECK(wait() == Waited::stopped);
    CHECK(wait() == Waited::stopped);
    interrupt.clear();
    interrupt.clear();
    CHECK(wait() == Waited::late);
}

}  // namespace ft::proc
