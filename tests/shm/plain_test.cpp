// Goal: plain adds are all there, whoever adds them and wherever; no word wraps; lanes go from the dead to the living.
#include "libcore/shm/plain.h"

#include <sys/wait.h>

#include <csignal>
#include <thread>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/shm/shared_counter.h"
#include "tests/catch.h"
#include "tests/io/child.h"
#include "tests/shm/own.h"

namespace ft::shm {

namespace {

using Kind = counter::Outcome::Kind;

constexpr auto narrow = static_cast<std::int64_t>(PlainAdds::narrow);
constexpr auto full = static_cast<std::int64_t>(PlainAdds::roomy) + 1;  // up or down: no more room in a lane

struct Fixture {
    SystemClock clock;
    OwnName name;
    std::unique_ptr<SharedCounter> counter = SharedCounter::make(name, {}, clock);
    [[nodiscard]] std::unique_ptr<SharedCounter> another() { return SharedCounter::find(name, clock); }
    /// As if so much had been counted there.
    void preset(std::size_t lane, std::int64_t held) {
        counter->segment().lanes()[lane].raw += static_cast<std::uint64_t>(held);
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "small, large and negative amounts add up, in one process and in another") {
    std::int64_t expected = 0;
    for (const std::int64_t amount : {std::int64_t{1}, std::int64_t{-3}, narrow - 1, narrow, -narrow, -narrow - 1,
                                      std::int64_t{1} << 40, -(std::int64_t{1} << 50), std::int64_t{0}}) {
        CHECK(counter->count(amount) == Kind::done);
        expected += amount;
        CHECK(another()->value() == expected);
    }
    CHECK(counter->add(5).value == expected + 5);
    CHECK_THROWS_WITH(counter->add(5, counter::KeyId{1, 2}), Catch::Matchers::Contains("no keys"));
}

TEST_CASE_METHOD(Fixture, "many threads, with one handle and with their own, lose nothing") {
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([&, i] {
            const auto own = another();
            SharedCounter& mine = i % 2 == 0 ? *own : *counter;
            for (int n = 0; n < 20'000; ++n) (void)mine.count(n % 100 == 0 ? narrow : 1);
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(counter->value() == 6 * (19'800 + 200 * narrow));
}

TEST_CASE_METHOD(Fixture, "a lane that is full is settled, up and down, and the value stays right") {
    for (const int sign : {1, -1, -1, 1}) {
        Lane& lane = counter->segment().lanes()[0];
        lane.raw = lane.mark + static_cast<std::uint64_t>(sign * full);
        const std::int64_t before = counter->value();
        for (int i = 0; i < 5; ++i) CHECK(counter->count(sign * 3) == Kind::done);
        CHECK(counter->value() == before + sign * 15);
        CHECK(lane.mark == lane.raw - static_cast<std::uint64_t>(sign * 12));  // settled after the first, open again
    }
}

TEST_CASE_METHOD(Fixture, "a lane goes round its 64 bits without anybody seeing it") {
    Lane& lane = counter->segment().lanes()[0];
    const std::uint64_t near = std::uint64_t{0} - 5;
    lane.raw = near;
    lane.mark = near;
    Settled& settled = counter->segment().control().settled;
    Settled::Words words = settled.look().seen.words;
    words[1] = near;
    settled.commit(settled.look().seen, words);
    CHECK(counter->value() == 0);
    for (int i = 0; i < 10; ++i) CHECK(counter->count(1) == Kind::done);
    CHECK(lane.raw == 5);
    CHECK(counter->value() == 10);
}

TEST_CASE_METHOD(Fixture, "a mark that its writer was killed before showing is found again") {
    preset(0, full);
    CHECK(counter->count(1) == Kind::done);
    counter->segment().lanes()[0].mark = 0;  // as it was before
    CHECK(counter->count(1) == Kind::done);
    CHECK(counter->segment().lanes()[0].mark == static_cast<std::uint64_t>(full) + 2);
    CHECK(counter->value() == full + 2);
}

TEST_CASE_METHOD(Fixture, "no add goes beyond the edge, at both ends, however many lanes are full") {
    for (const int sign : {1, -1}) {
        const OwnName own;
        const auto here = SharedCounter::make(own, {.start = sign * (PlainAdds::edge - 10)}, clock);
        CHECK(here->count(sign * (std::int64_t{1} << 60)) == Kind::overflow);
        CHECK(here->count(sign * (narrow + 1)) == Kind::overflow);
        CHECK(here->value() == sign * (PlainAdds::edge - 10));
        for (Lane& lane : here->segment().lanes()) lane.raw += static_cast<std::uint64_t>(sign * full);
        const std::int64_t most = sign * (PlainAdds::edge - 10 + 64 * full);
        CHECK(here->value() == most);            // 2^49: beyond the edge, and far from the end
        CHECK(here->count(sign) == Kind::done);  // the one that meets the limit
        CHECK(here->count(sign) == Kind::overflow);
        CHECK(SharedCounter::find(own, clock)->count(sign * 1000) == Kind::overflow);
        CHECK(here->value() == most + sign);
        CHECK(here->count(-sign * 64 * full) == Kind::done);  // back below the edge
        CHECK(here->count(-sign * 11) == Kind::done);
        CHECK(here->value() == sign * (PlainAdds::edge - 20));
        CHECK(here->count(sign) == Kind::done);
        CHECK(here->count(-sign * PlainAdds::edge) == Kind::done);  // and to the other side
        CHECK(here->count(-sign * (PlainAdds::edge - 100)) == Kind::done);
        CHECK(here->value() == -sign * (PlainAdds::edge - 100 + 19));
    }
}

TEST_CASE_METHOD(Fixture, "an add that finds its lane full and the lock held is counted, the next one waits for room") {
    preset(0, full);
    const std::int64_t before = counter->value();
    std::optional<Held> held = Held::try_take(counter->segment().control().lock);
    REQUIRE(held);
    std::thread adder([&] { CHECK(counter->count(1) == Kind::done); });
    adder.join();
    CHECK(counter->value() == before + 1);
    CHECK(counter->segment().lanes()[0].mark == 0);
    held.reset();
    CHECK(counter->count(1) == Kind::done);
    CHECK(counter->segment().lanes()[0].mark == static_cast<std::uint64_t>(before) + 1);
    CHECK(counter->value() == before + 2);
}

TEST_CASE_METHOD(Fixture, "each who opens has a lane of its own, gives it back, and shares where all are taken") {
    CHECK(counter->status().lanes_taken == 1);
    {
        std::vector<std::unique_ptr<SharedCounter>> many;
        for (std::size_t i = 0; i < lane_count + 10; ++i) {
            many.push_back(another());
            CHECK(many.back()->count(1) == Kind::done);
        }
        CHECK(counter->status().lanes_taken == lane_count);
        CHECK(counter->segment().lanes()[1].raw == 1);
    }
    CHECK(counter->status().lanes_taken == 1);
    CHECK(counter->value() == lane_count + 10);
}

TEST_CASE_METHOD(Fixture, "the lanes of the dead go to the living, with what they hold") {
    for (std::size_t i = 0; i < lane_count - 1; ++i) {
        const Ended ended = run_in_child([&] {
            const auto own = another();
            (void)own->count(7);
            return ::raise(SIGKILL) == 0;
        });
        REQUIRE(ended.signal == SIGKILL);
    }
    CHECK(counter->status().lanes_taken == lane_count);
    const std::int64_t left = 7 * (static_cast<std::int64_t>(lane_count) - 1);
    CHECK(counter->value() == left);
    const auto own = another();
    CHECK(own->count(1) == Kind::done);
    CHECK(counter->segment().lanes()[1].raw == 8);
    CHECK(counter->value() == left + 1);
}

TEST_CASE_METHOD(Fixture, "a forked child adds to its parent's lane and does not give it away") {
    const Ended ended = run_in_child([&] {
        (void)counter->count(1);
        counter.reset();
        return true;
    });
    CHECK(ended.code == 0);
    CHECK(counter->status().lanes_taken == 1);
    CHECK(counter->value() == 1);
}

TEST_CASE_METHOD(Fixture, "a sum that was written over is damage") {
    auto* words = reinterpret_cast<Word*>(&counter->segment().control().settled);
    words[1] ^= 4;
    CHECK_THROWS_WITH(counter->value(), Catch::Matchers::Contains("damaged"));
    CHECK_THROWS_WITH(counter->count(narrow), Catch::Matchers::Contains("damaged"));
}

}  // namespace ft::shm
