// Goal: the file that a shared counter is flushed to is a state that the counter had, with its keys; the segment is
// made again from it, and nobody else's file is written over. (Power cuts: tests/sim/shared_counter_cut_test.cpp.)
#include "libcore/shm/disk_copy.h"

#include <filesystem>
#include <thread>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"
#include "tests/shm/own.h"

namespace ft::shm {

namespace fs = std::filesystem;

namespace {

using counter::KeyId;
using counter::Outcome;

KeyId key(std::uint64_t number) { return {.low = number * 0x9e3779b97f4a7c15U, .high = number}; }

struct Fixture {
    SystemClock clock;
    OwnName name;
    ScratchFolder scratch;
    [[nodiscard]] std::string path() const { return scratch.path() + "/hits"; }
    [[nodiscard]] Shape shape(Kind kind, std::chrono::nanoseconds period = std::chrono::hours(1)) const {
        return {.kind = kind, .keys = 200, .flush = Flush{.period = period, .path = path()}};
    }
    [[nodiscard]] DiskCopy copy() { return {io::open_root(scratch.path()), "hits", clock}; }
    /// As a power cut does it to memory.
    void lose(std::unique_ptr<SharedCounter>& counter) {
        counter->remove();
        counter.reset();
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "what was flushed comes back after the segment is gone, what was not may be lost") {
    for (const Kind kind : {Kind::plain, Kind::exact}) {
        fs::remove(path());
        auto counter = copy().make(name, shape(kind));
        REQUIRE(counter);
        CHECK(fs::exists(path()));
        CHECK_FALSE(copy().make(name, shape(kind)));
        (void)counter->add(41);
        CHECK(counter->status().flush->is_behind);
        CHECK(counter->status().flush->value == 0);
        copy().flush(*counter);
        CHECK_FALSE(counter->status().flush->is_behind);
        CHECK(counter->status().flush->value == 41);
        (void)counter->add(1);
        CHECK(counter->status().flush->is_behind);
        lose(counter);

        counter = copy().make(name, shape(kind));
        CHECK(counter->value() == 41);
        (void)counter->add(9);
        copy().flush(*counter);
        lose(counter);
        counter = copy().make(name, shape(kind));
        CHECK(counter->value() == 50);
        lose(counter);
    }
}

TEST_CASE_METHOD(Fixture, "keys come back with the value, so that a retry after a power cut counts once") {
    auto counter = copy().make(name, shape(Kind::exact));
    std::uint64_t next = 0;
    for (const std::uint64_t more : {1U, 50U, 111U, 112U, 300U, 5000U, 3U, 9000U}) {  // within the ring, and far beyond
        for (const std::uint64_t end = next + more; next < end; ++next) (void)counter->add(2, key(next));
        (void)counter->add(1);
        copy().flush(*counter);
        const std::int64_t value = counter->value();
        (void)counter->add(1000, key(next));  // not flushed
        lose(counter);

        counter = copy().make(name, shape(Kind::exact));
        CHECK(counter->value() == value);
        for (std::uint64_t i = next - std::min<std::uint64_t>(next, 200); i < next; ++i)
            REQUIRE(counter->add(2, key(i)).kind == Outcome::Kind::repeated);
        CHECK(counter->value() == value);
    }
    CHECK(counter->status().keyed == next);
}

TEST_CASE_METHOD(Fixture, "many keys at once are flushed in parts, each a state that the counter had") {
    Shape large = shape(Kind::exact);
    large.keys = 20'000;
    auto counter = copy().make(name, large);
    for (std::uint64_t i = 0; i < 15'000; ++i) (void)counter->add(1, key(i));
    (void)counter->add(-7);
    copy().flush(*counter);
    lose(counter);
    counter = copy().make(name, large);
    CHECK(counter->value() == 14'993);
    for (std::uint64_t i = 0; i < 15'000; ++i) REQUIRE(counter->add(1, key(i)).kind == Outcome::Kind::repeated);
}

TEST_CASE_METHOD(Fixture, "bounds and keys of a counter are its file's") {
    Shape bounded = shape(Kind::exact);
    bounded.start = 5;
    bounded.max = 10;
    auto counter = copy().make(name, bounded);
    lose(counter);
    counter = copy().make(name, shape(Kind::exact));
    CHECK(counter->value() == 5);
    CHECK(counter->shape().max == 10);
    CHECK(counter->add(6).kind == Outcome::Kind::above_max);
    CHECK(counter->shape().keys == 200);
}

TEST_CASE_METHOD(Fixture, "a flush is due when its period has passed and something was added") {
    const auto counter = copy().make(name, shape(Kind::plain, std::chrono::milliseconds(1)));
    DiskCopy file = copy();
    clock.sleep(std::chrono::milliseconds(2));
    CHECK_FALSE(file.flush_if_due(*counter));
    (void)counter->add(1);
    CHECK(file.flush_if_due(*counter));
    CHECK(counter->status().flush->value == 1);

    const OwnName slow;
    const auto other = SharedCounter::make(slow, shape(Kind::plain, std::chrono::hours(1)), clock);
    (void)other->add(1);
    CHECK_FALSE(file.flush_if_due(*other));
}

TEST_CASE_METHOD(Fixture, "one process flushes at a time: who may wait does, who need not goes on") {
    const auto counter = copy().make(name, shape(Kind::plain, std::chrono::nanoseconds(1)));
    (void)counter->add(1);
    std::optional<Held> held = Held::try_take(counter->segment().control().flush_lock);
    std::thread([&] { CHECK_FALSE(copy().flush_if_due(*counter)); }).join();
    held.reset();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            const auto own = SharedCounter::find(name, clock);
            for (int n = 0; n < 5; ++n) {
                (void)own->count(1);
                copy().flush(*own);
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(counter->status().flush->value == 21);
}

TEST_CASE_METHOD(Fixture, "a file that is gone is made anew by the next flush") {
    auto counter = copy().make(name, shape(Kind::exact));
    (void)counter->add(3, key(1));
    fs::remove(path());
    copy().flush(*counter);
    (void)counter->add(4, key(2));
    copy().flush(*counter);
    lose(counter);
    counter = copy().make(name, shape(Kind::exact));
    CHECK(counter->value() == 7);
    CHECK(counter->add(3, key(1)).kind == Outcome::Kind::repeated);
}

TEST_CASE_METHOD(Fixture, "a file that another counter has taken, or that is damaged, is not written over") {
    const OwnName second_name;
    auto first = copy().make(name, shape(Kind::plain));
    (void)first->add(1);
    copy().flush(*first);
    auto second = copy().make(second_name, shape(Kind::plain));
    CHECK(second->value() == 1);
    (void)second->add(10);
    copy().flush(*second);
    (void)first->add(1);
    CHECK_THROWS_WITH(copy().flush(*first), Catch::Matchers::Contains("changed by another"));
    CHECK(first->value() == 2);
    CHECK(first->status().flush->is_behind);

    fs::resize_file(path(), 4096);
    for (SharedCounter* counter : {first.get(), second.get()}) {
        try {
            copy().flush(*counter);
            FAIL("it was written over");
        } catch (const Failure& failure) {
            CHECK(failure.exit() == Exit::damage);
        }
    }
    const OwnName third;
    CHECK_THROWS_AS(copy().make(third, shape(Kind::plain)), Failure);
    CHECK_FALSE(SharedCounter::find(third, clock));
}

TEST_CASE_METHOD(Fixture, "a folder that is not there fails the flush, and the counter goes on") {
    const auto counter = SharedCounter::make(name, shape(Kind::plain), clock);
    (void)counter->add(1);
    DiskCopy file(io::open_root(scratch.path()), "hits", clock);
    fs::remove_all(scratch.path());
    CHECK_THROWS_AS(file.flush(*counter), Failure);
    CHECK(counter->add(1).value == 2);
    fs::create_directory(scratch.path());
}

}  // namespace ft::shm
