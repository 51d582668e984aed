// Goal: jobs are done side by side, by threads that are used again, and all are done before the hands go.
#include "libcore/base/hands.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include "tests/catch.h"

namespace ft {

TEST_CASE("jobs that wait for each other are done side by side", "[base]") {
    Hands hands(3);
    std::promise<void> all;
    std::atomic<int> there = 0;
    const std::shared_future<void> meeting = all.get_future().share();
    for (int i = 0; i < 3; ++i)
        hands.hand([&, meeting] {
            if (++there == 3) all.set_value();
            meeting.wait();
        });
    meeting.wait();
    CHECK(there == 3);
}

TEST_CASE("one thread does all jobs in order where there may be one only", "[base]") {
    std::vector<int> order;
    std::set<std::thread::id> threads;
    {
        Hands hands(1);
        for (int i = 0; i < 100; ++i)
            hands.hand([&, i] {
                order.push_back(i);
                threads.insert(std::this_thread::get_id());
            });
    }
    REQUIRE(order.size() == 100);
    CHECK(std::is_sorted(order.begin(), order.end()));
    CHECK(threads.size() == 1);
}

}  // namespace ft
