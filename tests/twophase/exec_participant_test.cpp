// Goal: a program as participant is understood as ft-participant(7) says, is ended when its time is up, and what it or
// a dead coordinator has left running is found and ended before anything else is done.
// Method: small shell programs; a coordinator in a process of its own where it has to die.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/proc/bounded.h"
#include "libcore/twophase/branch_lock.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/source/scratch.h"

namespace ft::twophase {

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

const Branch branch{{}, 1, 1, 0};
constexpr std::chrono::seconds ample{60};
constexpr std::chrono::seconds scarce{1};

/// A folder with the program "party", whose verbs are these lines of shell; it notes each call in "calls".
class Bench {
public:
    Bench() : locks_(io::make_root(scratch_.path("locks"))) {}
    void set(const std::string& prepare, const std::string& commit = "", const std::string& abort = "") const {
        std::ofstream(path("party")) << "#!/bin/sh\necho \"$*\" >>" << path("calls") << "\ncase $1 in\nprepare)\n"
                                     << prepare << "\n;;\ncommit)\n"
                                     << commit << "\n;;\nabort)\n"
                                     << abort << "\n;;\nesac\n";
        fs::permissions(path("party"), fs::perms::owner_all);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return scratch_.path(name); }
    [[nodiscard]] std::string get(const std::string& name) const {
        std::ifstream in(path(name));
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// The number in a file that a program is about to write.
    [[nodiscard]] pid_t pid_in(const std::string& name) {
        const auto is_there = [&] { return get(name).ends_with('\n'); };
        REQUIRE(proc::wait_until(is_there, proc::bounds_from_now(clock, ample, {})) == proc::Waited::done);
        return static_cast<pid_t>(std::stol(get(name)));
    }
    [[nodiscard]] bool ends(pid_t pid) {
        const auto is_gone = [&] {
            const auto status = proc::status_of(pid);
            return !status || status->state == 'Z';
        };
        return proc::wait_until(is_gone, proc::bounds_from_now(clock, ample, {})) == proc::Waited::done;
    }
    [[nodiscard]] std::unique_ptr<Participant> make(const std::string& command = "./party") {
        const Kind kind = exec_kind();
        return kind.make(kind.parse(command, path("")), branch,
                         {.locate = io::locate,
                          .clock = clock,
                          .locks = *locks_,
                          .prepare_limit = limit,
                          .settle_limit = limit,
                          .stop = stop});
    }
    [[nodiscard]] std::string locks() const {
        std::string names;
        for (const auto& entry : fs::directory_iterator(path("locks"))) names += entry.path().filename().string();
        return names;
    }
    [[nodiscard]] io::Dir& lock_dir() { return *locks_; }
    /// A coordinator that dies while its participant prepares: the program writes "ready" when it may.
    void die_in_prepare() {
        const pid_t coordinator = ::fork();
        REQUIRE(coordinator >= 0);
        if (coordinator == 0) {
            (void)make()->prepare();
            ::_exit(0);
        }
        (void)pid_in("ready");
        ::kill(coordinator, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(coordinator, &status, 0) == coordinator);
        REQUIRE(WIFSIGNALED(status));
    }

    SystemClock clock;
    std::chrono::nanoseconds limit = ample;
    int stop = -1;

private:
    source::Scratch scratch_;
    std::unique_ptr<io::Dir> locks_;
};

}  // namespace

TEST_CASE("the verbs of a program are called with the branch and the token, in its folder", "[twophase]") {
    Bench bench;
    bench.set("echo ' a \"token\" $x'; echo more");
    const Voted voted = bench.make()->prepare();
    CHECK(voted.vote == Vote::yes);
    CHECK(voted.token == " a \"token\" $x");
    CHECK(bench.make()->commit(voted.token).ack == Ack::done);
    CHECK(bench.make()->abort().ack == Ack::done);
    const std::string id = branch.id();
    CHECK(bench.get("calls") == "prepare " + id + "\ncommit " + id + "  a \"token\" $x\nabort " + id + "\n");
    CHECK(bench.locks() == "");
}

TEST_CASE("a program is named by path, by PATH, or by words for the shell", "[twophase]") {
    Bench bench;
    std::ofstream(bench.path("args")) << "#!/bin/sh\nprintf '%s|' \"$@\"\n";
    fs::permissions(bench.path("args"), fs::perms::owner_all);
    CHECK(bench.make("./args")->prepare().token == "prepare|" + branch.id() + "|");
    CHECK(bench.make("X=7 ./args 'one two' $((3 + 4))")->prepare().token == "one two|7|prepare|" + branch.id() + "|");
    CHECK(bench.make("echo")->prepare().token == "prepare " + branch.id());
    CHECK_THROWS_AS((void)bench.make("  "), Failure);
}

TEST_CASE("what a program answers to prepare is its vote", "[twophase]") {
    Bench bench;
    bench.set("exit 10");
    CHECK(bench.make()->prepare().vote == Vote::read_only);
    bench.set("exit 0");
    CHECK(bench.make()->prepare().token == "");
    bench.set("head -c 4096 /dev/zero | tr '\\0' x; echo");
    CHECK(bench.make()->prepare().token.size() == 4096);
    bench.set("kill -9 $$");
    const Voted killed = bench.make()->prepare();
    CHECK(killed.vote == Vote::silent);
    CHECK_THAT(killed.why, Contains("was killed by SIGKILL"));
    CHECK(bench.locks() == "");
}

TEST_CASE("a prepare that fails is undone at once, and a no only once that is done", "[twophase]") {
    for (const std::string prepare :
         {"exit 3", "set -e; false", "head -c 5000 /dev/zero | tr '\\0' x", "printf 'a\\0b'", "no-such-command"}) {
        Bench bench;
        bench.set(prepare, "", "exit 0");
        INFO(prepare);
        CHECK(bench.make()->prepare().vote == Vote::no);
        CHECK(bench.get("calls") == "prepare " + branch.id() + "\nabort " + branch.id() + "\n");
        bench.set(prepare, "", "exit 21");
        CHECK(bench.make()->prepare().vote == Vote::no);
        bench.set(prepare, "", "exit 75");
        CHECK(bench.make()->prepare().vote == Vote::silent);
    }
}

TEST_CASE("a program that is not there votes no and says so", "[twophase]") {
    Bench bench;
    CHECK_THAT(bench.make("./missing")->prepare().why, Contains("./missing: No such file"));
    CHECK(bench.make("./missing")->prepare().vote == Vote::no);
    CHECK(bench.make("./missing 'by the shell'")->prepare().vote == Vote::no);
    CHECK(bench.make("./missing")->commit("").ack == Ack::again);
    CHECK(bench.make("./missing")->abort().ack == Ack::again);
    CHECK(bench.locks() == "");
}

TEST_CASE("what a program answers to commit and abort is what became of it", "[twophase]") {
    Bench bench;
    struct Case {
        std::string line;
        Ack commit, abort;
    };
    for (const Case& one : {Case{"exit 0", Ack::done, Ack::done},
                            {"exit 75", Ack::again, Ack::again},
                            {"exit 20", Ack::broken, Ack::broken},
                            {"exit 21", Ack::unknown, Ack::done},
                            {"exit 1", Ack::again, Ack::again},
                            {"kill -9 $$", Ack::again, Ack::again}}) {
        bench.set("", one.line, one.line);
        INFO(one.line);
        const Settled commit = bench.make()->commit("");
        CHECK(commit.ack == one.commit);
        CHECK((commit.ack == Ack::done) == commit.why.empty());
        CHECK(bench.make()->abort().ack == one.abort);
        CHECK(bench.locks() == "");
    }
}

TEST_CASE("a program that takes too long is ended with all of its group: nothing is known of it", "[twophase]") {
    Bench bench;
    bench.set("trap '' TERM; echo $$ >own; (echo $$ >ready; sleep 100) & wait", "sleep 100", "exit 0");
    bench.limit = scarce;
    const Voted voted = bench.make()->prepare();
    CHECK(voted.vote == Vote::silent);
    CHECK_THAT(voted.why, Contains("took too long"));
    CHECK(bench.ends(bench.pid_in("own")));
    CHECK(bench.make()->commit("").ack == Ack::again);
    bench.limit = ample;
    CHECK(bench.make()->abort().ack == Ack::done);
    CHECK(bench.locks() == "");
}

TEST_CASE("a program is ended when the user wants to stop, or another thread says so", "[twophase]") {
    Bench bench;
    bench.set("sleep 100");
    const auto participant = bench.make();
    participant->interrupt();
    CHECK(participant->prepare().vote == Vote::silent);
    proc::Pipe stop = proc::make_pipe();
    stop.write.reset();
    bench.stop = stop.read.get();
    const Voted voted = bench.make()->prepare();
    CHECK(voted.vote == Vote::silent);
    CHECK_THAT(voted.why, Contains("stopped"));
}

TEST_CASE("a vote counts once nothing of the program is at work any more", "[twophase]") {
    Bench bench;
    SECTION("what goes on working is waited for") {
        bench.set("(sleep 0.2; echo late >>late) & exit 0");
        CHECK(bench.make()->prepare().vote == Vote::yes);
        CHECK(bench.get("late") == "late\n");
    }
    SECTION("what does not end is named and ended") {
        bench.set("sleep 1000 & echo $! >other; exit 0");
        bench.limit = scarce;
        const Voted voted = bench.make()->prepare();
        CHECK(voted.vote == Vote::silent);
        CHECK_THAT(voted.why, Contains("(sleep 1000)"));
        CHECK(bench.ends(bench.pid_in("other")));
    }
    SECTION("what gives the lock back may stay") {
        bench.set("sleep 1000 3>&- >/dev/null & echo $! >other; exit 0");
        CHECK(bench.make()->prepare().vote == Vote::yes);
        const pid_t other = bench.pid_in("other");
        CHECK(::kill(other, 0) == 0);
        CHECK(bench.make()->fence().ack == Ack::done);
        CHECK(::kill(other, SIGKILL) == 0);
    }
}

TEST_CASE("what a dead coordinator has left running for a branch is ended before it is recovered", "[twophase]") {
    Bench bench;
    bench.set("trap '' TERM HUP; sleep 1000 & echo $! >other; echo $$ >ready; wait; sleep 1000");
    bench.die_in_prepare();
    CHECK_FALSE(bench.locks().empty());
    CHECK(bench.make()->fence().ack == Ack::done);
    CHECK(bench.ends(bench.pid_in("ready")));
    CHECK(bench.ends(bench.pid_in("other")));
    CHECK(bench.locks() == "");
}

TEST_CASE("a grandchild of a dead coordinator is ended though the program itself has ended", "[twophase]") {
    Bench bench;
    bench.set(
        "(trap '' TERM HUP; while kill -0 $$ 2>&-; do sleep 0.01; done; echo 1 >ready; sleep 1000) & "
        "sh -c 'echo $PPID' >own; exit 0");
    bench.die_in_prepare();
    CHECK(bench.ends(bench.pid_in("own")));
    CHECK(bench.make()->fence().ack == Ack::done);
    CHECK(bench.locks() == "");
}

TEST_CASE("what does not end, because it has left the group, is named until it has", "[twophase]") {
    Bench bench;
    bench.set("setsid sh -c 'echo $$ >other; echo $$ >ready; exec sleep 1000' & wait");
    bench.die_in_prepare();
    const pid_t other = bench.pid_in("other");
    bench.limit = scarce;
    const Settled settled = bench.make()->fence();
    CHECK(settled.ack == Ack::again);
    CHECK_THAT(settled.why, Contains("pid " + std::to_string(other)));
    CHECK_THAT(bench.make()->abort().why, Contains("pid " + std::to_string(other)));
    CHECK(::kill(other, SIGKILL) == 0);
    bench.limit = ample;
    CHECK(bench.make()->fence().ack == Ack::done);
    CHECK(bench.make()->abort().ack == Ack::done);
    CHECK(bench.locks() == "");
}

TEST_CASE("a process that has got the number of one that is gone is spared", "[twophase]") {
    Bench bench;
    const proc::Child stranger = proc::Child::start({.command = {"sleep", "1000"}, .own_group = true});
    const proc::Identity identity = proc::identity_of(stranger.pid()).value();
    const auto record_of = [&](std::uint64_t started) {
        return std::to_string(identity.pid) + " (sleep) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
               std::to_string(started) + " 0\n";
    };
    const std::string boot = identity.boot + "\n";
    for (const std::string& record : {boot + record_of(1), "x\n" + record_of(identity.started), boot,
                                      std::string("rubbish"), boot + "1 (init) S 1\n", std::string()}) {
        std::ofstream(bench.path("locks/" + branch.id())) << record;
        INFO(record);
        CHECK(bench.make()->fence().ack == Ack::done);
        CHECK(proc::is_alive(identity));
        CHECK(bench.locks() == "");
    }
    // And the very same one is not.
    std::ofstream(bench.path("locks/" + branch.id())) << boot << record_of(identity.started);
    CHECK(bench.make()->fence().ack == Ack::done);
    CHECK_FALSE(proc::is_alive(identity));
}

}  // namespace ft::twophase
