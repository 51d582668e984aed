// Goal: many processes on one counter share commits, and none is served by halves.
// Method: each process is a thread with files of its own; who has the turn keeps it until the others wait.
#include "libcore/shm/group.h"

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "libcore/base/failure.h"
#include "libcore/sim/clock.h"
#include "tests/catch.h"
#include "tests/shm/own_counter.h"

namespace ft::shm {

namespace {

using counter::Operation;
using Opened = OwnCounter::Opened;

/// Adds that were answered, by threads of their own.
class Crowd {
public:
    Crowd(OwnCounter& own, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i)
            threads_.emplace_back([this, &own] {
                Opened one(own);
                const std::int64_t value = one.add(1);
                one.group.release();
                std::lock_guard lock(mutex_);
                answers_.insert(value);
            });
    }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    ~Crowd() { (void)answers(); }

    std::set<std::int64_t> answers() {
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
        return answers_;
    }

private:
    std::mutex mutex_;
    std::set<std::int64_t> answers_;
    std::vector<std::thread> threads_;
};

std::uint64_t sequence(OwnCounter& own) {
    Opened look(own);
    const Operation get{.kind = Operation::Kind::get};
    (void)look.counter.run({&get, 1});
    return look.counter.ledger().version().sequence;
}

std::set<std::int64_t> numbers(std::int64_t first, std::int64_t last) {
    std::set<std::int64_t> all;
    for (std::int64_t i = first; i <= last; ++i) all.insert(i);
    return all;
}

}  // namespace

TEST_CASE("who has the turn does what the others wait for, in its own commit", "[shm]") {
    OwnCounter own(GENERATE(1, 3));
    Opened leader(own);
    CHECK(leader.add(1) == 1);
    Crowd one(own, 1);
    while (!leader.group.has_company()) std::this_thread::yield();
    CHECK(leader.add(10) == 11);
    CHECK(one.answers() == std::set<std::int64_t>{12});
    leader.group.release();
    CHECK(sequence(own) == 2);
}

TEST_CASE("who gives the turn back has served those who wait", "[shm]") {
    OwnCounter own(1);
    Opened leader(own);
    CHECK(leader.add(1) == 1);
    Crowd one(own, 1);
    while (!leader.group.has_company()) std::this_thread::yield();
    leader.group.release();
    CHECK(one.answers() == std::set<std::int64_t>{2});
    CHECK(sequence(own) == 2);
}

TEST_CASE("a hundred processes at once each have a number of their own", "[shm]") {
    OwnCounter own(GENERATE(1, 2));
    Crowd crowd(own, 100);
    CHECK(crowd.answers() == numbers(1, 100));
    CHECK(sequence(own) <= 100);
}

TEST_CASE("who gets the turn does first what a killed leader has left", "[shm]") {
    OwnCounter own(1);
    sim::SimClock still(1);
    still.advance(std::chrono::seconds(1));
    Opened one(own, still);
    CHECK(one.add(1) == 1);
    one.group.release();
    const counter::Counter::Gate gate = *one.counter.gate();
    const auto guest = Queue::make(gate), killed = Queue::find(gate);
    REQUIRE(guest->post({.kind = Operation::Kind::add, .amount = 5}));
    const counter::Head head = one.group.head();
    CHECK(killed->take({.head = head, .sequence = 1, .final = true}, 100).size() == 1);
    killed->about_to_commit(42, 2, std::vector<counter::Outcome>{{.value = 6}});
    CHECK(one.add(1) == 2);
    REQUIRE(guest->told() == Queue::Told::outcome);
    CHECK(guest->take_answer().outcome.value == 7);
}

TEST_CASE("who waits longer than it wants takes its operation back", "[shm]") {
    OwnCounter own(1);
    Opened leader(own);
    CHECK(leader.add(1) == 1);
    own.patience = std::chrono::milliseconds(20);
    Opened hasty(own);
    try {
        (void)hasty.add(5);
        FAIL("it was served");
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::busy);
    }
    leader.group.release();
    CHECK(hasty.add(1) == 2);
}

TEST_CASE("who waits for the lock without a queue gets it beside those who queue", "[shm]") {
    OwnCounter own(1);
    std::atomic<bool> over = false;
    std::vector<std::thread> crowd;
    for (int i = 0; i < 6; ++i)
        crowd.emplace_back([&] {
            for (Opened one(own); !over;) {
                (void)one.add(1);
                one.group.release();
            }
        });
    for (int i = 0; i < 5; ++i) {
        Opened look(own);
        const Operation get{.kind = Operation::Kind::get};
        CHECK_NOTHROW(look.counter.run({&get, 1}));
    }
    over = true;
    for (std::thread& thread : crowd) thread.join();
}

TEST_CASE("a replica that is replaced while others wait for it loses none of them", "[shm]") {
    OwnCounter own(3);
    Opened leader(own);
    CHECK(leader.add(1) == 1);
    Crowd crowd(own, 8);
    while (!leader.group.has_company()) std::this_thread::yield();
    std::filesystem::resize_file(own.path(0), 1000);
    Opened mender(own);
    leader.counter.release();
    (void)mender.counter.repair();
    CHECK(crowd.answers() == numbers(2, 9));
}

}  // namespace ft::shm
