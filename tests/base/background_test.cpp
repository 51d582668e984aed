#include <stdexcept>
#include <vector>

#include "libcore/base/background.h"
#include "tests/catch.h"

using namespace ft;

TEST_CASE("background tasks run in order, and drain waits for all", "[background]") {
    for (const bool threaded : {false, true}) {
        std::vector<int> order;
        Background later(threaded);
        for (int i = 0; i < 200; ++i) later.submit([&order, i] { order.push_back(i); });
        later.drain();
        REQUIRE(order.size() == 200);
        for (int i = 0; i < 200; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
    }
}

TEST_CASE("a background task's failure reaches the caller and no later task is run", "[background]") {
    for (int round = 0; round < 200; ++round) {
        int later_runs = 0;
        Background later(true);
        later.submit([] { throw std::runtime_error("disk full"); });
        try {  // thrown here already if the task has ended by now
            later.submit([&] { ++later_runs; });
        } catch (const std::runtime_error&) {}
        CHECK_THROWS_WITH(later.drain(), "disk full");
        CHECK_THROWS_WITH(later.submit([&] { ++later_runs; }), "disk full");
        CHECK(later_runs == 0);
    }
}

TEST_CASE("without a thread a background task's failure is the caller's at once", "[background]") {
    Background later(false);
    CHECK_THROWS_WITH(later.submit([] { throw std::runtime_error("disk full"); }), "disk full");
}

TEST_CASE("a background that ends early drops what has not begun and waits for what has", "[background]") {
    for (int round = 0; round < 200; ++round) {
        int runs = 0;
        {
            Background later(true, 8);
            for (int i = 0; i < 8; ++i) later.submit([&runs] { ++runs; });
        }
        CHECK(runs <= 8);
    }
}
