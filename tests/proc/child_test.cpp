// Goal: a program that we start is really started, its end is known, and it does not outlive us.
#include "libcore/proc/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "libcore/base/bytes.h"
#include "libcore/proc/input.h"
#include "libcore/proc/processes.h"
#include "tests/catch.h"

namespace ft::proc {

namespace {

std::string output_of(Child& child) {
    std::string text;
    std::byte buffer[512];
    while (const std::size_t got = child.read(buffer)) text += text_of({buffer, got});
    return text;
}

Child shell(const std::string& line) {
    return Child::start({.command = {"/bin/sh", "-c", line}, .capture_output = true});
}

/// The number that the child prints first.
pid_t first_number(Child& child) {
    std::string text;
    std::byte byte[1];
    while (child.read(byte) == 1 && text_of(byte) != "\n") text += text_of(byte);
    return static_cast<pid_t>(std::stol(text));
}

}  // namespace

TEST_CASE("what a program prints and how it ends is known", "[proc]") {
    Child child = shell("echo out; exit 3");
    CHECK(output_of(child) == "out\n");
    const Ending ending = child.wait();
    CHECK(ending.code == 3);
    CHECK(ending.text() == "exited with 3");
    CHECK(shell("kill -9 $$").wait().text() == "was killed by SIGKILL");
    CHECK(shell("exit 0").wait().succeeded());
}

TEST_CASE("what is fed to a program arrives", "[proc]") {
    Child child = Child::start({.command = {"cat"}, .capture_output = true, .feed_input = true});
    child.write(view_of("one\n"));
    child.close_input();
    CHECK(output_of(child) == "one\n");
    CHECK(child.wait().succeeded());
}

TEST_CASE("a program that cannot be started is a failure with its name", "[proc]") {
    CHECK_THROWS_WITH(Child::start({.command = {"no-such-program-here"}}),
                      "cannot start: no-such-program-here: No such file or directory");
    CHECK_THROWS_WITH(Child::start({.command = {"/etc/passwd"}}), "cannot start: /etc/passwd: Permission denied");
}

TEST_CASE("a program starts with clean signals, no descriptors of ours, and the variables it was given", "[proc]") {
    const Pipe ours = make_pipe();
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    Child child =
        Child::start({.command = {"/bin/sh", "-c",
                                  "grep -E '^Sig(Blk|Ign)' /proc/self/status; [ -e /proc/self/fd/$OURS ] && echo open; "
                                  "echo $FT_WORD; ulimit -Sn; cat"},
                      .capture_output = true,
                      .environment = {{"FT_WORD", "a word"}, {"OURS", std::to_string(ours.read.get())}},
                      .descriptor_limit = 77});
    const std::string text = output_of(child);
    ::signal(SIGPIPE, SIG_DFL);
    ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
    CHECK(text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\na word\n77\n");
}

TEST_CASE("a child that is not waited for is ended", "[proc]") {
    pid_t pid = 0;
    {
        Child child = shell("echo $$; exec sleep 100");
        pid = first_number(child);
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a program that works until its input ends is dismissed without a signal", "[proc]") {
    Child child = Child::start({.command = {"/bin/sh", "-c", "trap 'echo term' TERM; cat; sleep 0.1; echo done"},
                                .capture_output = true,
                                .feed_input = true});
    child.write(view_of("work\n"));
    child.dismiss();
    CHECK(output_of(child) == "work\ndone\n");
    CHECK(child.wait().succeeded());
}

TEST_CASE("a child ends with the process that started it", "[proc]") {
    Pipe alive = make_pipe();
    const pid_t parent = ::fork();
    if (parent == 0) {
        // The grandchild holds the pipe's end; when it is gone, the pipe is at its end.
        Child child = Child::start({.command = {"/bin/sh", "-c", "exec sleep 100"}, .capture_output = true});
        ::dup2(child.output(), alive.write.get());
        ::kill(::getpid(), SIGKILL);
    }
    alive.write.reset();
    std::byte byte[1];
    CHECK(::read(alive.read.get(), byte, 1) == 0);
    int status = 0;
    CHECK(::waitpid(parent, &status, 0) == parent);
}

TEST_CASE("a program runs in the folder and with the descriptor that it was given", "[proc]") {
    Pipe given = make_pipe();
    Child child = Child::start({.command = {"/bin/sh", "-c", "pwd; echo written >&3"},
                                .capture_output = true,
                                .folder = "/usr/bin",
                                .descriptor_3 = given.write.get()});
    CHECK(output_of(child) == "/usr/bin\n");
    std::byte word[8];
    CHECK(::read(given.read.get(), word, sizeof word) == 8);
    CHECK_THROWS_WITH(Child::start({.command = {"sh"}, .folder = "/no/such/folder"}),
                      "cannot start: sh: No such file or directory");
}

TEST_CASE("the descriptor 3 of ours can be handed on as it is", "[proc]") {
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::dup2(STDERR_FILENO, 3);
        ::fcntl(3, F_SETFD, FD_CLOEXEC);
        Child child = Child::start({.command = {"/bin/sh", "-c", "[ -e /proc/self/fd/3 ]"}, .descriptor_3 = 3});
        ::_exit(child.wait().succeeded() ? 0 : 1);
    }
    int status = 0;
    CHECK(::waitpid(parent, &status, 0) == parent);
    CHECK(status == 0);
}

TEST_CASE("a program signs before it begins, and does not begin where it cannot", "[proc]") {
    const Fd file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    REQUIRE(file);
    Child child = Child::start(
        {.command = {"/bin/sh", "-c", "echo $$"}, .capture_output = true, .descriptor_3 = file.get(), .signs_at = 5});
    const std::string pid = output_of(child);
    char line[1024] = {};
    REQUIRE(::pread(file.get(), line, sizeof line - 1, 5) > 0);
    CHECK(std::string(line).starts_with(pid.substr(0, pid.size() - 1) + " ("));
    CHECK(identity_in(line, "boot")->pid == child.pid());
    Pipe proof = make_pipe();  // which cannot be written at an offset
    CHECK_THROWS_WITH(
        Child::start(
            {.command = {"/bin/sh", "-c", "echo begun >&3"}, .descriptor_3 = proof.write.get(), .signs_at = 0}),
        "cannot start: /bin/sh: Illegal seek");
    proof.write.reset();
    std::byte byte[1];
    CHECK(::read(proof.read.get(), byte, 1) == 0);
}

TEST_CASE("waiting for a child ends when something else happens", "[proc]") {
    Pipe other = make_pipe();
    Child child = Child::start({.command = {"cat"}, .capture_output = true, .feed_input = true});
    REQUIRE(::write(other.write.get(), "x", 1) == 1);
    CHECK_FALSE(child.wait_or({other.read.get()}));
    child.close_input();
    CHECK(child.wait_or({}).has_value());
}

TEST_CASE("a stream is read to its end, in whole buffers", "[proc]") {
    Child child = shell("for i in 1 2 3 4 5; do echo line$i; done");
    Input input = Input::of_child(child, "lines", -1);
    std::byte buffer[20];
    CHECK(input.fill(buffer) == 20);
    CHECK(text_of(buffer) == "line1\nline2\nline3\nli");
    CHECK(input.fill(buffer) == 10);
    CHECK(input.fill(buffer) == 0);
}

TEST_CASE("waiting for a stream that never comes can be stopped", "[proc]") {
    Pipe stop = make_pipe();
    Child child = Child::start({.command = {"cat"}, .capture_output = true, .feed_input = true});
    Input input = Input::of_child(child, "nothing", stop.read.get());
    stop.write.reset();
    std::byte buffer[20];
    CHECK_THROWS_WITH(input.fill(buffer), "stopped: nothing");
}

TEST_CASE("a stream that cannot be opened is a failure", "[proc]") {
    CHECK_THROWS_WITH(Input::open("/no/such/file", -1), "cannot open: /no/such/file: No such file or directory");
    CHECK_THROWS_WITH(Input::open("/", -1), "cannot read as a stream: /: Is a directory");
}

}  // namespace ft::proc
