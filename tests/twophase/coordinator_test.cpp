// Goal: one transaction is driven to its end, whatever its participants answer, how long they take, and what fails.
// Method: scripted participants and a journal on the simulated disk; time is the disk's, so that nothing is waited for.
#include "libcore/twophase/coordinator.h"

#include <future>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/twophase/scripted.h"

namespace ft::twophase {

namespace {

using Catch::Matchers::Contains;
using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr Pace side_by_side{.threads = 4};

bool is_gone(Troupe& troupe, const Journal& journal) { return !troupe.story(journal.story().number); }

}  // namespace

TEST_CASE("all say yes: committed, with their tokens, and nothing is left", "[twophase]") {
    Troupe troupe(2);
    troupe[1].prepare = [] { return yes("second"); };
    std::string told;
    troupe[1].commit = [&](const std::string& token) {
        told = token;
        return done();
    };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::commit);
    CHECK(report.complete);
    CHECK(told == "second");
    CHECK(troupe.calls() == "prepare 0, prepare 1, commit 0, commit 1");
    CHECK(is_gone(troupe, journal));
}

TEST_CASE("one says no: the report names it, the others undo what they did", "[twophase]") {
    Troupe troupe(3);
    troupe[1].prepare = [] { return no("it is full"); };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::abort);
    CHECK(report.complete);
    CHECK(report.why == "scripted:1: it is full");
    CHECK(report.parts[1].standing == Standing::no);
    CHECK_THAT(troupe.calls(), Contains("abort 0") && Contains("abort 2") && !Contains("abort 1"));
    CHECK(is_gone(troupe, journal));
}

TEST_CASE("prepared by one command, committed by the next", "[twophase]") {
    Troupe troupe(2);
    std::uint64_t number = 0;
    {
        Journal journal = troupe.begin();
        number = journal.story().number;
        CHECK(troupe.drive(journal, &Coordinator::prepare).phase == Phase::prepared);
    }
    REQUIRE(troupe.story(number)->history.prepared == Tokens{"t", "t"});
    const Journal::Opened opened = Journal::open(troupe.home.journals(), troupe.home.coordinator(), number);
    REQUIRE(opened.journal);
    CHECK(troupe.drive(*opened.journal, &Coordinator::prepare).phase == Phase::prepared);
    CHECK(troupe.drive(*opened.journal, &Coordinator::commit).complete);
    CHECK(troupe.calls() == "prepare 0, prepare 1, commit 0, commit 1");
}

TEST_CASE("one that is slow holds up nobody else", "[twophase]") {
    Troupe troupe(3);
    std::promise<void> others;
    std::atomic<int> prepared = 0;
    const auto quick = [&] {
        if (++prepared == 2) others.set_value();
        return yes();
    };
    troupe[1].prepare = troupe[2].prepare = quick;
    troupe[0].prepare = [&] {
        others.get_future().wait();  // asked first, it ends last
        return yes();
    };
    Journal journal = troupe.begin();
    CHECK(troupe.drive(journal, &Coordinator::commit, side_by_side).decision == Decision::commit);
}

TEST_CASE("who has not voted in time is interrupted, and all abort", "[twophase]") {
    Troupe troupe(2);
    std::promise<void> interrupted;
    std::once_flag once;
    troupe[0].interrupt = [&] { std::call_once(once, [&] { interrupted.set_value(); }); };
    troupe[0].prepare = [&] {
        troupe.disk.clock().advance(seconds(31));
        interrupted.get_future().wait();
        return Voted{};
    };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit, side_by_side);
    CHECK(report.decision == Decision::abort);
    CHECK_THAT(report.why, Contains("scripted:0") && Contains(": no vote in time"));
    CHECK(report.complete);
    CHECK_THAT(troupe.calls(), Contains("abort 0") && Contains("abort 1") && !Contains("commit"));
}

TEST_CASE("a vote that comes too late changes nothing", "[twophase]") {
    Troupe troupe(2);
    troupe[0].prepare = [&] {
        troupe.disk.clock().advance(seconds(31));
        return yes();
    };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::abort);
    CHECK_THAT(troupe.calls(), !Contains("commit"));
}

TEST_CASE("a decision has no time limit: it is told later by others, and never reversed", "[twophase]") {
    Troupe troupe(2);
    std::vector<std::chrono::nanoseconds> asked;
    troupe[1].commit = [&](const std::string&) {
        asked.push_back(troupe.disk.clock().monotonic());
        return again("it is down");
    };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::commit);
    CHECK_FALSE(report.complete);
    CHECK(report.parts[0].standing == Standing::done);
    CHECK(report.parts[1].standing == Standing::told);
    CHECK(report.parts[1].why == "it is down");
    CHECK(troupe.story(report.number)->history.decision == Decision::commit);
    // 20 ms, 40 ms, ... up to 2 s, for 10 s.
    REQUIRE(asked.size() >= 10);
    CHECK(asked.back() - asked.front() <= seconds(10));
    CHECK(asked.back() - asked.front() >= seconds(7));
    for (std::size_t i = 1; i < asked.size(); ++i) {
        const auto pause = asked[i] - asked[i - 1],
                   wanted = std::chrono::nanoseconds(milliseconds(20)) * (1U << (i - 1));
        CHECK(pause >= std::min<std::chrono::nanoseconds>(wanted, seconds(2)));
        CHECK(pause <= std::min<std::chrono::nanoseconds>(wanted, seconds(2)) + milliseconds(100));
    }
    troupe[1].commit = [](const std::string&) { return done(); };
    CHECK(troupe.drive(journal, &Coordinator::recover).complete);
    CHECK(is_gone(troupe, journal));
}

TEST_CASE("a token of 4096 bytes is kept, one of 4097 is no yes", "[twophase]") {
    for (const std::size_t size : {4096U, 4097U}) {
        Troupe troupe(1);
        troupe[0].prepare = [&] { return yes(std::string(size, 'x')); };
        Journal journal = troupe.begin();
        const Report report = troupe.drive(journal, &Coordinator::commit);
        CHECK(report.decision == (size == 4096 ? Decision::commit : Decision::abort));
        if (size == 4097) CHECK_THAT(report.why, Contains("4096 bytes"));
        CHECK(report.complete);
    }
}

TEST_CASE("a participant that fails to answer has not voted, and has not obeyed", "[twophase]") {
    Troupe troupe(2);
    int aborts = 0;
    troupe[0].prepare = []() -> Voted { throw Failure({.what = "cannot reach", .where = "host"}); };
    troupe[0].abort = [&]() -> Settled {
        if (++aborts < 3) throw Failure({.what = "cannot reach", .where = "host"});
        return done();
    };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::abort);
    CHECK_THAT(report.why, Contains("cannot reach"));
    CHECK(aborts == 3);
    CHECK(report.complete);
}

TEST_CASE("a wish to stop aborts what is not decided, and those who only have to be told are told", "[twophase]") {
    Troupe troupe(2);
    troupe[0].prepare = [&] {
        troupe.progress.stop = true;
        return yes();
    };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::abort);
    CHECK(report.why == "it was stopped");
    CHECK_THAT(troupe.calls(), Contains("abort 0") && !Contains("commit"));
    CHECK(report.complete);
}

TEST_CASE("a wish to stop does not wait for who cannot be told", "[twophase]") {
    Troupe troupe(1);
    troupe[0].commit = [&](const std::string&) {
        troupe.progress.stop = true;
        return again();
    };
    Journal journal = troupe.begin();
    const auto began = troupe.disk.clock().monotonic();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::commit);
    CHECK_FALSE(report.complete);
    CHECK(troupe.disk.clock().monotonic() - began < seconds(3));
}

TEST_CASE("where the decision cannot be written nobody is told anything: in doubt", "[twophase]") {
    Troupe troupe(2);
    Journal journal = troupe.begin();
    troupe[1].prepare = [&] {
        troupe.disk.fail({.call = sim::Call::write, .path = "home/journals/*"});
        return yes();
    };
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(troupe.disk.faults_met() == 1);
    CHECK(report.phase == Phase::in_doubt);
    CHECK(report.decision == Decision::none);
    CHECK_FALSE(report.why.empty());
    CHECK(troupe.calls() == "prepare 0, prepare 1");
    CHECK(troupe.story(report.number).has_value());
}

TEST_CASE("where it cannot be written that they are asked, nobody is", "[twophase]") {
    Troupe troupe(2);
    Journal journal = troupe.begin();
    troupe.disk.fail({.call = sim::Call::write, .path = "home/journals/*"});
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::abort);
    CHECK(troupe.calls().empty());
}

TEST_CASE("a journal that cannot be removed does not undo what all have done: the next recovery ends it",
          "[twophase]") {
    Troupe troupe(1);
    Journal journal = troupe.begin();
    troupe.disk.fail({.call = sim::Call::remove, .path = "home/journals/*"});
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK(report.decision == Decision::commit);
    CHECK_FALSE(report.complete);
    CHECK_THAT(report.why, Contains(name_of(report.number)));
    CHECK(troupe.drive(journal, &Coordinator::recover).complete);
    CHECK(is_gone(troupe, journal));
}

TEST_CASE("forced writes: none for read-only, one for a commit, none for an abort", "[twophase]") {
    const auto flushes_of = [](const std::function<Voted()>& vote) {
        Troupe troupe(1);
        troupe[0].prepare = vote;
        Journal journal = troupe.begin(true);  // as run does it: that milestone is there already
        troupe.disk.trace(true);
        CHECK(troupe.drive(journal, &Coordinator::commit).complete);
        const auto& calls = troupe.disk.traced();
        return std::count_if(calls.begin(), calls.end(),
                             [](const std::string& call) { return call.find(" sync") != std::string::npos; });
    };
    CHECK(flushes_of([] { return yes(); }) == 1);
    CHECK(flushes_of([] { return Voted{.vote = Vote::read_only}; }) == 0);
    CHECK(flushes_of([] { return no("never"); }) == 0);
}

TEST_CASE("who has disobeyed is kept, until a person accepts it", "[twophase]") {
    Troupe troupe(2);
    troupe[0].commit = [](const std::string&) { return Settled{Ack::broken, "a stranger was here"}; };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK_FALSE(report.complete);
    CHECK(report.parts[0].standing == Standing::broken);
    REQUIRE(troupe.story(report.number)->history.broken.size() == 1);
    CHECK_FALSE(troupe.drive(journal, &Coordinator::recover).complete);
    Coordinator by_hand(journal, troupe.participants(), troupe.disk.clock(), troupe.progress, {.threads = 0});
    CHECK(by_hand.resolve(Decision::commit).complete);
    CHECK(is_gone(troupe, journal));
}

TEST_CASE("who knows nothing of a commit is asked until it does, or until a person accepts it", "[twophase]") {
    Troupe troupe(2);
    troupe[1].commit = [](const std::string&) { return Settled{Ack::unknown, "what branch?"}; };
    Journal journal = troupe.begin();
    const Report report = troupe.drive(journal, &Coordinator::commit);
    CHECK_FALSE(report.complete);
    CHECK(report.parts[1].standing == Standing::unknown);
    CHECK_FALSE(troupe.drive(journal, &Coordinator::recover).complete);
    Coordinator by_hand(journal, troupe.participants(), troupe.disk.clock(), troupe.progress, {.threads = 0});
    CHECK(by_hand.resolve(Decision::commit).complete);
    CHECK(is_gone(troupe, journal));
}

TEST_CASE("witnesses are forgotten once all have obeyed, and not before", "[twophase]") {
    Troupe troupe(2);
    troupe[0].witness = true;
    int tries = 0;
    troupe[1].commit = [&](const std::string&) { return ++tries < 3 ? again() : done(); };
    Journal journal = troupe.begin();
    CHECK(troupe.drive(journal, &Coordinator::commit).complete);
    CHECK(troupe.calls() == "prepare 0, prepare 1, commit 0, commit 1, commit 1, commit 1, forget 0");
}

}  // namespace ft::twophase
