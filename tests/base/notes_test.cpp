#include <thread>

#include "libcore/base/notes.h"
#include "tests/catch.h"

using namespace ft;

TEST_CASE("equal notes are one note with a count and the first object", "[notes]") {
    Notes notes;
    notes.add("cannot read", "a", "Permission denied");
    notes.add("cannot read", "b", "Permission denied");
    notes.add("cannot read", "c", "Input/output error");
    notes.add("skipped socket", "s", "", false);
    const auto taken = notes.take();
    REQUIRE(taken.size() == 3);
    CHECK(taken[0].why == "Input/output error");
    CHECK(taken[1].first == "a");
    CHECK(taken[1].count == 2);
    CHECK(taken[1].incomplete);
    CHECK(taken[2].what == "skipped socket");
    CHECK_FALSE(taken[2].incomplete);
    CHECK(notes.take().empty());
}

TEST_CASE("a kind of note that once was incomplete stays so", "[notes]") {
    Notes notes;
    notes.add("changed", "a", "", false);
    notes.add("changed", "b", "", true);
    notes.add("changed", "c", "", false);
    const auto taken = notes.take();
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].incomplete);
    CHECK(taken[0].first == "a");
}

TEST_CASE("notes of several threads are all counted", "[notes]") {
    Notes notes;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) notes.add("cannot read", "x", i % 2 == 0 ? "even" : "odd");
        });
    for (std::thread& thread : threads) thread.join();
    const auto taken = notes.take();
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].count == 2000);
    CHECK(taken[1].count == 2000);
}
