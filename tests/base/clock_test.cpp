#include <ctime>

#include "libcore/base/clock.h"
#include "tests/catch.h"

using namespace ft;

TEST_CASE("now is the time of day, and the file clock is not later", "[clock]") {
    SystemClock clock;
    const Time coarse = clock.file_clock();
    const Time now = clock.now();
    CHECK(coarse <= now);
    CHECK(now.ns < 1'000'000'000);
    CHECK(now.s >= std::time(nullptr) - 1);
    CHECK(now.s <= std::time(nullptr));
}

TEST_CASE("the monotonic clock passes while sleeping", "[clock]") {
    SystemClock clock;
    const auto before = clock.monotonic();
    clock.sleep(std::chrono::milliseconds(2));
    CHECK(clock.monotonic() - before >= std::chrono::milliseconds(2));
}

TEST_CASE("times order by seconds, then nanoseconds", "[clock]") {
    CHECK(Time{1, 999'999'999} < Time{2, 0});
    CHECK(Time{-1, 5} < Time{0, 0});
    CHECK(Time{1, 1} < Time{1, 2});
    CHECK(seconds(std::chrono::milliseconds(1500)) == 1.5);
}

TEST_CASE("random numbers differ", "[clock]") {
    SystemClock clock;
    CHECK(clock.random() != clock.random());
}
