// Goal: exact adds are one history: each answer once, bounds hold to the last, a key counts once while it is
// remembered.
#include "libcore/shm/exact.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <thread>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/shm/shared_counter.h"
#include "tests/catch.h"
#include "tests/io/child.h"
#include "tests/shm/own.h"

namespace ft::shm {

namespace {

using counter::KeyId;
using counter::Outcome;

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(),
                       highest = std::numeric_limits<std::int64_t>::max();

struct Fixture {
    SystemClock clock;
    OwnName name;
    std::unique_ptr<SharedCounter> make(Shape shape = {}) {
        shape.kind = Kind::exact;
        return SharedCounter::make(name, shape, clock);
    }
};

/// Keys that all begin at one place of the table.
KeyId crowded(std::uint64_t number) { return {.low = 5 + (number << 32), .high = number}; }
KeyId key(std::uint64_t number) { return fingerprint_of(std::as_bytes(std::span(&number, 1)), 0); }

}  // namespace

TEST_CASE_METHOD(Fixture, "an exact add answers the value after it, and refuses what 64 bits or a bound cannot hold") {
    const auto counter = make({.start = 10, .min = -5, .max = 20});
    CHECK(counter->add(10).value == 20);
    CHECK(counter->add(1).kind == Outcome::Kind::above_max);
    CHECK(counter->add(highest).kind == Outcome::Kind::overflow);
    CHECK(counter->add(-25).value == -5);
    CHECK(counter->add(-1).kind == Outcome::Kind::below_min);
    CHECK(counter->add(lowest).kind == Outcome::Kind::overflow);
    CHECK(counter->add(0).kind == Outcome::Kind::done);
    CHECK(counter->count(-1) == Outcome::Kind::below_min);
    CHECK(counter->value() == -5);
}

TEST_CASE_METHOD(Fixture, "an exact counter goes to both ends of 64 bits, and not beyond") {
    for (const std::int64_t end : {highest, lowest}) {
        const OwnName own;
        const auto counter = SharedCounter::make(own, {.kind = Kind::exact, .start = end}, clock);
        CHECK(counter->add(end > 0 ? 1 : -1).kind == Outcome::Kind::overflow);
        CHECK(counter->value() == end);
        CHECK(counter->add(end > 0 ? -1 : 1).accepted());
    }
}

TEST_CASE_METHOD(Fixture, "a key counts once, with its first answer, and never with another amount") {
    const auto counter = make({.max = 100});
    CHECK(counter->add(5, key(1)).value == 5);
    CHECK(counter->add(7, key(2)).value == 12);
    const Outcome again = counter->add(5, key(1));
    CHECK(again.kind == Outcome::Kind::repeated);
    CHECK(again.value == 5);
    const Outcome other = counter->add(6, key(1));
    CHECK(other.kind == Outcome::Kind::other_amount);
    CHECK(other.amount == 5);
    CHECK(other.value == 12);
    CHECK(counter->add(90, key(3)).kind == Outcome::Kind::above_max);
    CHECK(counter->add(-50).accepted());
    CHECK(counter->add(90, key(3)).value == 52);  // a refusal is not remembered
    CHECK(SharedCounter::find(name, clock)->add(7, key(2)).kind == Outcome::Kind::repeated);
    CHECK(counter->status().keyed == 3);
}

TEST_CASE_METHOD(Fixture, "exactly as many keys are remembered as were asked for, crowded or not") {
    for (const std::uint32_t keys : {1U, 2U, 7U, 64U, 700U}) {
        const OwnName own;
        const auto counter = SharedCounter::make(own, {.kind = Kind::exact, .keys = keys}, clock);
        for (const auto& make_key : {key, crowded}) {
            for (std::uint64_t i = 0; i < 3 * keys + 1500; ++i) {
                REQUIRE(counter->add(1, make_key(i)).kind == Outcome::Kind::done);
                if (i < keys || i % 50 != 0) continue;
                CHECK(counter->add(1, make_key(i + 1 - keys)).kind == Outcome::Kind::repeated);  // the oldest
                CHECK(counter->add(2, make_key(i)).kind == Outcome::Kind::other_amount);
            }
        }
    }
}

TEST_CASE_METHOD(Fixture, "a key that has left the window is a new one, and is found as that") {
    const auto counter = make({.keys = 4});
    for (std::uint64_t i = 0; i < 5; ++i) CHECK(counter->add(1, key(i)).accepted());
    CHECK(counter->add(9, key(0)).value == 14);
    CHECK(counter->add(9, key(0)).kind == Outcome::Kind::repeated);
    CHECK(counter->add(1, key(0)).kind == Outcome::Kind::other_amount);
}

TEST_CASE_METHOD(Fixture, "threads that add with and without keys get each answer once, and each key counts once") {
    const auto counter = make({.keys = 65536});
    constexpr int threads = 4, adds = 3000;
    std::vector<std::vector<std::int64_t>> answers(threads);
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
        running.emplace_back([&, t] {
            const auto own = SharedCounter::find(name, clock);
            for (std::uint64_t i = 0; i < adds; ++i) {
                answers[t].push_back((t % 2 == 0 ? *own : *counter).add(1).value);
                (void)own->add(-1, key(i));  // each of the threads, for every key
            }
        });
    for (std::thread& thread : running) thread.join();
    CHECK(counter->value() == threads * adds - adds);
    CHECK(counter->status().keyed == adds);
}

TEST_CASE_METHOD(Fixture, "answers to one counter are all different") {
    const auto counter = make();
    std::vector<std::int64_t> answers[3];
    std::vector<std::thread> running;
    for (auto& mine : answers)
        running.emplace_back([&] {
            const auto own = SharedCounter::find(name, clock);
            for (int i = 0; i < 5000; ++i) mine.push_back(own->add(1).value);
        });
    for (std::thread& thread : running) thread.join();
    std::vector<std::int64_t> all;
    for (const auto& mine : answers) {
        CHECK(std::is_sorted(mine.begin(), mine.end()));
        all.insert(all.end(), mine.begin(), mine.end());
    }
    std::sort(all.begin(), all.end());
    std::vector<std::int64_t> expected(all.size());
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<std::int64_t>(i) + 1;
    CHECK(all == expected);
}

TEST_CASE_METHOD(Fixture, "the lock of a dead holder is the next one's, at once and as often as it happens") {
    const auto counter = make();
    for (int i = 0; i < 20; ++i) {
        const Ended ended = run_in_child([&] {
            const Held held = Held::take(counter->segment().control().lock, clock, "test");
            return ::raise(SIGKILL) == 0;
        });
        REQUIRE(ended.signal == SIGKILL);
        CHECK(counter->add(1).value == i + 1);
    }
}

TEST_CASE_METHOD(Fixture,
                 "a snapshot holds the value and the keys that belong to it, all that the ring has if need be") {
    const auto counter = make({.keys = 600});
    for (std::uint64_t i = 0; i < 5000; ++i) (void)counter->add(2, key(i));
    (void)counter->add(1);
    const Snapshot some = counter->snapshot(4990);
    CHECK(some.value == 10'001);
    CHECK(some.keyed == 5000);
    REQUIRE(some.entries.size() == 10);
    CHECK(some.entries.front().key == key(4990));
    CHECK(some.entries.back().answer == 10'000);
    CHECK(counter->snapshot(5000).entries.empty());
    for (const std::uint64_t since : {std::uint64_t{0}, std::uint64_t{6000}}) {
        const Snapshot all = counter->snapshot(since);
        CHECK(all.entries.size() >= 600 + 112);
        CHECK(all.entries.back().key == key(4999));
        CHECK(all.entries.front().key == key(5000 - all.entries.size()));
    }
}

TEST_CASE_METHOD(Fixture, "a value, a key or a table that was written over is damage, and no crash") {
    const auto turned = [&](Word& word, const KeyId& asked) {
        word ^= 1U << 20;
        const OwnName own;
        const auto counter = SharedCounter::find(name, clock);
        CHECK_THROWS_WITH(counter->add(1, asked), Catch::Matchers::Contains("damaged"));
        word ^= 1U << 20;
        CHECK(counter->add(1, asked).kind == Outcome::Kind::repeated);
    };
    const auto counter = make({.keys = 8});
    for (std::uint64_t i = 0; i < 3; ++i) (void)counter->add(1, crowded(i));
    Segment& segment = counter->segment();
    auto* exact = reinterpret_cast<Word*>(&segment.control().exact);
    turned(exact[0], crowded(2));
    turned(exact[1 + 3], crowded(2));  // of commit 3
    for (std::size_t word = 0; word < 7; ++word) {
        turned(reinterpret_cast<Word*>(&segment.ring()[3])[word], crowded(1));
        turned(reinterpret_cast<Word*>(&segment.ring()[2])[word], crowded(0));
    }
    segment.table()[5] = 3 + 1000;  // mended by the next keyed add, as after a kill
    CHECK(counter->add(1, crowded(0)).kind == Outcome::Kind::repeated);
    segment.ring()[3].before = 3;  // a ring of keys that never ends
    CHECK_THROWS_WITH(counter->add(1, crowded(0)), Catch::Matchers::Contains("damaged"));
}

}  // namespace ft::shm
