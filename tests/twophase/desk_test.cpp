// Goal: questions to different participants are worked on side by side, those to one in order, and each has an answer.
// Method: scripted participants that wait for each other, on as many threads as said.
#include "libcore/twophase/desk.h"

#include <future>
#include <thread>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/twophase/scripted.h"

namespace ft::twophase {

namespace {

using Ask = Action::Kind;
constexpr std::chrono::seconds patience{60};

}  // namespace

TEST_CASE("all lines are worked on side by side", "[twophase]") {
    Troupe troupe(4);
    std::promise<void> all;
    std::atomic<int> there = 0;
    const std::shared_future<void> meeting = all.get_future().share();
    for (std::size_t i = 0; i < 4; ++i)
        troupe[i].prepare = [&] {
            if (++there == 4) all.set_value();
            meeting.wait();
            return yes();
        };
    SystemClock clock;
    Desk::Participants participants = troupe.participants();
    Hands hands(4);
    Desk desk(participants, clock, &hands);
    for (std::uint32_t i = 0; i < 4; ++i) desk.ask({.kind = Ask::prepare, .part = i});
    for (int i = 0; i < 4; ++i) {
        const std::optional<Answer> answer = desk.wait(patience);
        REQUIRE(answer);
        CHECK(answer->voted.vote == Vote::yes);
    }
    CHECK_FALSE(desk.is_waiting());
}

TEST_CASE("questions to one participant wait for each other, in order, while others are answered", "[twophase]") {
    Troupe troupe(2);
    std::promise<void> released;
    std::atomic<int> inside = 0, most = 0;
    troupe[0].prepare = [&] {
        most = std::max<int>(most, ++inside);
        released.get_future().wait();
        --inside;
        return yes();
    };
    troupe[0].abort = [&] {
        most = std::max<int>(most, ++inside);
        --inside;
        return done();
    };
    SystemClock clock;
    Desk::Participants participants = troupe.participants();
    Hands hands(3);
    Desk desk(participants, clock, &hands);
    desk.ask({.kind = Ask::prepare, .part = 0});
    desk.ask({.kind = Ask::abort, .part = 0});
    desk.ask({.kind = Ask::prepare, .part = 1});
    const std::optional<Answer> first = desk.wait(patience);
    REQUIRE(first);
    CHECK(first->part == 1);
    released.set_value();
    REQUIRE(desk.wait(patience)->kind == Ask::prepare);
    REQUIRE(desk.wait(patience)->kind == Ask::abort);
    CHECK(most == 1);
}

TEST_CASE("who waits asks all servers first, and takes their answers as they come", "[twophase]") {
    Troupe troupe(2);
    std::thread::id worker;
    for (std::size_t i = 0; i < 2; ++i) troupe[i].server.emplace();
    troupe[0].prepare = troupe[1].prepare = [&] {
        worker = std::this_thread::get_id();
        return yes();
    };
    SystemClock clock;
    Hands hands(2);
    Desk::Participants participants = troupe.participants();
    Desk desk(participants, clock, &hands);
    desk.ask({.kind = Ask::prepare, .part = 0});
    desk.ask({.kind = Ask::prepare, .part = 1});
    CHECK_FALSE(desk.wait(std::chrono::milliseconds(1)));
    troupe[1].server->raise();
    CHECK(desk.wait(patience)->part == 1);
    CHECK(desk.is_waiting());
    desk.ask({.kind = Ask::commit, .part = 0});  // which waits for the vote
    troupe[0].server->raise();
    CHECK(desk.wait(patience)->kind == Ask::prepare);
    CHECK(desk.wait(patience)->kind == Ask::commit);
    CHECK(troupe.calls() == "begin prepare 0, begin prepare 1, prepare 1, prepare 0, begin commit 0, commit 0");
    CHECK(worker == std::this_thread::get_id());
}

TEST_CASE("a refusal of one that hands work on interrupts a server's, and wakes who waits for it", "[twophase]") {
    Troupe troupe(2);
    troupe[0].server.emplace();
    troupe[0].prepare = [] { return no("interrupted"); };
    troupe[0].interrupt = [&] { troupe[0].server->raise(); };
    std::promise<void> waiting;
    troupe[1].prepare = [&] {
        waiting.get_future().wait();
        return no("busy");
    };
    SystemClock clock;
    Hands hands(2);
    Desk::Participants participants = troupe.participants();
    Desk desk(participants, clock, &hands);
    desk.ask({.kind = Ask::prepare, .part = 0});
    desk.ask({.kind = Ask::prepare, .part = 1});
    CHECK_FALSE(desk.wait(std::chrono::milliseconds(1)));
    waiting.set_value();
    const std::optional<Answer> first = desk.wait(patience), second = desk.wait(patience);
    REQUIRE((first && second));
    CHECK(first->part + second->part == 1);
}

TEST_CASE("without threads a question is answered by who waits for it", "[twophase]") {
    Troupe troupe(2);
    Desk::Participants participants = troupe.participants();
    Desk desk(participants, troupe.disk.clock(), nullptr);
    desk.ask({.kind = Ask::prepare, .part = 1});
    desk.ask({.kind = Ask::fence, .part = 0});
    CHECK(troupe.calls().empty());
    CHECK(desk.is_waiting());
    CHECK(desk.wait(patience)->part == 0);
    CHECK(desk.wait(patience)->part == 1);
    CHECK(troupe.calls() == "fence 0, prepare 1");
    const auto before = troupe.disk.clock().monotonic();
    CHECK_FALSE(desk.wait(patience));
    CHECK(troupe.disk.clock().monotonic() - before >= patience);
}

TEST_CASE("a failure is an answer: silent to prepare, again to all else", "[twophase]") {
    Troupe troupe(1);
    const auto fails = []() -> Settled { throw Failure({.what = "cannot reach", .where = "host"}); };
    troupe[0].prepare = [&]() -> Voted { return fails(), yes(); };
    troupe[0].commit = [&](const std::string&) { return fails(); };
    troupe[0].abort = troupe[0].forget = troupe[0].fence = fails;
    Desk::Participants participants = troupe.participants();
    Desk desk(participants, troupe.disk.clock(), nullptr);
    desk.ask({.kind = Ask::prepare, .part = 0});
    const Answer vote = *desk.wait(patience);
    CHECK(vote.voted.vote == Vote::silent);
    CHECK_THAT(vote.voted.why, Catch::Matchers::Contains("cannot reach"));
    for (const Ask kind : {Ask::commit, Ask::abort, Ask::fence, Ask::forget}) {
        desk.ask({.kind = kind, .part = 0});
        const Answer answer = *desk.wait(patience);
        CHECK(answer.kind == kind);
        CHECK(answer.settled.ack == Ack::again);
    }
}

TEST_CASE("a desk that goes waits for what has begun, and drops what has not", "[twophase]") {
    Troupe troupe(1);
    std::promise<void> begun, released;
    troupe[0].prepare = [&] {
        begun.set_value();
        released.get_future().wait();
        return yes();
    };
    troupe[0].interrupt = [&] { released.set_value(); };
    SystemClock clock;
    Desk::Participants participants = troupe.participants();
    {
        Hands hands(1);
        Desk desk(participants, clock, &hands);
        desk.ask({.kind = Ask::prepare, .part = 0});
        begun.get_future().wait();
        desk.ask({.kind = Ask::commit, .part = 0});
        desk.interrupt();
    }
    CHECK((troupe.calls() == "prepare 0" || troupe.calls() == "prepare 0, commit 0"));
}

TEST_CASE("an answer tells how long it took", "[twophase]") {
    Troupe troupe(1);
    troupe[0].prepare = [&] {
        troupe.disk.clock().advance(std::chrono::seconds(3));
        return yes();
    };
    Desk::Participants participants = troupe.participants();
    Desk desk(participants, troupe.disk.clock(), nullptr);
    desk.ask({.kind = Ask::prepare, .part = 0});
    CHECK(desk.wait(patience)->took == std::chrono::seconds(3));
}

}  // namespace ft::twophase
