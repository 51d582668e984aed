#include <cerrno>
#include <csignal>
#include <functional>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/base/failure.h"
#include "tests/catch.h"

using namespace ft;

namespace {

struct Ending {
    int status = 0;
    std::string said;
};

/// How a child ends that runs `body`, and what it wrote to stderr.
Ending end_of_child(const std::function<void()>& body) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        std::signal(SIGABRT, SIG_DFL);  // Catch2's handler would report it as a failed test
        body();
        _exit(0);
    }
    close(ends[1]);
    Ending ending;
    char buffer[256];
    for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        ending.said.append(buffer, static_cast<std::size_t>(n));
    close(ends[0]);
    REQUIRE(waitpid(child, &ending.status, 0) == child);
    return ending;
}

std::string text_of_failure(const Failure::Parts& parts) { return Failure(parts).what(); }

}  // namespace

TEST_CASE("a failure says what, where, why and what to do, and leaves out what is empty", "[failure]") {
    CHECK(text_of_failure({.what = "cannot open", .where = "/srv", .why = "not a store", .todo = "try --store"}) ==
          "cannot open: /srv: not a store; try --store");
    CHECK(text_of_failure({.what = "cannot open", .why = "not a store"}) == "cannot open: not a store");
    CHECK(text_of_failure({.where = "/srv"}) == "/srv");
    CHECK(text_of_failure({.todo = "try again"}) == "try again");
    CHECK(text_of_failure({}).empty());
}

TEST_CASE("a failure is exit 1 unless it says otherwise", "[failure]") {
    CHECK(Failure({.what = "x"}).exit() == Exit::failed);
    CHECK(Failure({.what = "x", .exit = Exit::busy}).exit() == Exit::busy);
    CHECK(static_cast<int>(Exit::no) == 7);
}

TEST_CASE("a failure seen from above keeps the former action as part of the reason", "[failure]") {
    const Failure low({.what = "cannot write",
                       .where = "/srv/a",
                       .why = "disk full",
                       .todo = "make room",
                       .exit = Exit::no,
                       .error = 28});
    const Failure high = low.within("cannot save 'job'");
    CHECK(std::string(high.what()) == "cannot save 'job': /srv/a: cannot write: disk full; make room");
    CHECK(high.exit() == Exit::no);
    CHECK(high.error() == 28);
    CHECK(std::string(Failure({.what = "cannot write", .where = "/a"}).within("cannot save").what()) ==
          "cannot save: /a: cannot write");
    CHECK(std::string(Failure({.where = "/a", .why = "gone"}).within("cannot save").what()) == "cannot save: /a: gone");
}

TEST_CASE("advice is added only where there is none", "[failure]") {
    const Failure bare({.what = "cannot save"});
    CHECK(std::string(bare.advised("try again").what()) == "cannot save; try again");
    CHECK(std::string(bare.advised("try again").advised("give up").what()) == "cannot save; try again");
}

TEST_CASE("a failed system call is told in the system's words", "[failure]") {
    const Failure failure = system_failure("cannot open", "/nowhere", ENOENT);
    CHECK(std::string(failure.what()) == "cannot open: /nowhere: No such file or directory");
    CHECK(failure.error() == ENOENT);
    CHECK(failure.exit() == Exit::failed);
    CHECK(std::string(system_failure("cannot open", "/x", 99999).what()) == "cannot open: /x: error 99999");
}

TEST_CASE("damage ends with exit 4 and names the object", "[failure]") {
    const Failure failure = damage("packs/ab", "its checksum differs");
    CHECK(failure.exit() == Exit::damage);
    CHECK(failure.parts().where == "packs/ab");
    CHECK(std::string(failure.what()).find("packs/ab: its checksum differs") != std::string::npos);
}

TEST_CASE("a broken invariant aborts and says which", "[failure]") {
    const Ending broken = end_of_child([] { check(false, "two and two make four"); });
    CHECK(WIFSIGNALED(broken.status));
    CHECK(WTERMSIG(broken.status) == SIGABRT);
    CHECK(broken.said.find("two and two make four") != std::string::npos);
    const Ending whole = end_of_child([] { check(true, "two and two make four"); });
    CHECK(whole.status == 0);
    CHECK(whole.said.empty());
}
