// Goal: the pipeline and the loop behave as a run in order would, whatever the threads do: same results, same failure,
// no hang. Method: the same random scenario is run inline and with threads and the traces are compared; runs are short
// and many, so that the sanitizer and the scheduler see every kind of ending. Built for ThreadSanitizer too (label
// tsan).
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "tests/catch.h"

using namespace ft;

namespace {

constexpr int never = 1 << 30;

/// What goes wrong: produce at one item, work at some, consume at one.
struct Scenario {
    int items = 0;
    int produce_fails = never;
    std::set<int> work_fails;
    int consume_fails = never;
};

struct Trace {
    std::vector<int> consumed;
    std::string failure;
    bool operator==(const Trace&) const = default;
};

[[noreturn]] void fail_at(const char* role, int item) {
    throw std::runtime_error(std::string(role) + " " + std::to_string(item));
}

Trace run(PipelineShape shape, const Scenario& scenario) {
    Trace trace;
    int next = 0;
    try {
        ordered_pipeline<int, std::unique_ptr<int>>(
            shape,
            [&]() -> std::optional<int> {
                if (next == scenario.produce_fails) fail_at("produce", next);
                return next < scenario.items ? std::optional(next++) : std::nullopt;
            },
            [&](int&& item, unsigned) {
                if (scenario.work_fails.contains(item)) fail_at("work", item);
                return std::make_unique<int>(item);
            },
            [&](std::unique_ptr<int>&& item) {
                if (*item == scenario.consume_fails) fail_at("consume", *item);
                trace.consumed.push_back(*item);
            });
    } catch (const std::runtime_error& error) {
        trace.failure = error.what();
    }
    return trace;
}

Scenario random_scenario(std::mt19937_64& random) {
    const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<std::uint64_t>(below)); };
    Scenario scenario{.items = pick(40)};
    if (pick(3) == 0) scenario.produce_fails = pick(40);
    if (pick(3) == 0) scenario.consume_fails = pick(40);
    for (int n = pick(4); n > 0; --n) scenario.work_fails.insert(pick(40));
    return scenario;
}

std::vector<int> numbers_to(int n) {
    std::vector<int> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

/// Counts how many are inside at once.
class Crowd {
public:
    class Visit {
    public:
        explicit Visit(Crowd& crowd) : crowd_(crowd) {
            const int now = ++crowd_.inside_;
            int most = crowd_.most_.load();
            while (now > most && !crowd_.most_.compare_exchange_weak(most, now)) {}
        }
        ~Visit() { --crowd_.inside_; }
        Visit(const Visit&) = delete;
        Visit& operator=(const Visit&) = delete;

    private:
        Crowd& crowd_;
    };
    [[nodiscard]] int most() const { return most_; }

private:
    std::atomic<int> inside_{0}, most_{0};
};

}  // namespace

TEST_CASE("a pipeline consumes all results in the order of their inputs", "[parallel]") {
    for (const unsigned workers : {0U, 1U, 2U, 3U, 8U})
        for (const std::size_t window : {0UL, 1UL, 2UL, 7UL, 1000UL}) {
            const Trace trace = run({.workers = workers, .window = window}, {.items = 500});
            CHECK(trace.consumed == numbers_to(500));
            CHECK(trace.failure.empty());
        }
}

TEST_CASE("a pipeline with failures does what a run in order does", "[parallel]") {
    std::mt19937_64 random(1);
    for (int round = 0; round < 1500; ++round) {
        const Scenario scenario = random_scenario(random);
        const PipelineShape shape = {.workers = 1 + static_cast<unsigned>(random() % 5), .window = 1 + random() % 9};
        INFO("round " << round << ", " << shape.workers << " workers, window " << shape.window);
        const Trace in_order = run({}, scenario), parallel = run(shape, scenario);
        CHECK(parallel.consumed == in_order.consumed);
        CHECK(parallel.failure == in_order.failure);
    }
}

TEST_CASE("a pipeline of nothing ends at once", "[parallel]") {
    for (int round = 0; round < 300; ++round) CHECK(run({.workers = 4, .window = 2}, {}) == Trace{});
}

TEST_CASE("a pipeline holds at most its window of items", "[parallel]") {
    for (const std::size_t window : {1UL, 2UL, 5UL}) {
        std::atomic<std::size_t> held{0};
        std::size_t most = 0;
        int next = 0;
        ordered_pipeline<int, int>(
            {.workers = 4, .window = window},
            [&]() -> std::optional<int> {
                if (next == 300) return std::nullopt;
                most = std::max(most, ++held);
                return next++;
            },
            [](int&& item, unsigned) { return item; }, [&](int&&) { --held; });
        CHECK(most <= window);
        CHECK(held == 0);
    }
}

TEST_CASE("a pipeline's input is asked by one thread at a time and not past its end", "[parallel]") {
    Crowd producers;
    int next = 0, ends = 0;
    ordered_pipeline<int, int>(
        {.workers = 6, .window = 20},
        [&]() -> std::optional<int> {
            const Crowd::Visit visit(producers);
            if (next < 400) return next++;
            ++ends;
            return std::nullopt;
        },
        [](int&& item, unsigned) { return item; }, [](int&&) {});
    CHECK(producers.most() == 1);
    CHECK(ends == 1);
}

TEST_CASE("a pipeline's worker numbers are below the shape's and never in use twice", "[parallel]") {
    std::array<Crowd, 3> crowds;
    int next = 0;
    ordered_pipeline<int, int>(
        {.workers = 3, .window = 8},
        [&]() -> std::optional<int> { return next < 600 ? std::optional(next++) : std::nullopt; },
        [&](int&& item, unsigned worker) {
            const Crowd::Visit visit(crowds.at(worker));
            return item;
        },
        [](int&&) {});
    for (const Crowd& crowd : crowds) CHECK(crowd.most() <= 1);
}

TEST_CASE("a pipeline consumes on the calling thread", "[parallel]") {
    const auto caller = std::this_thread::get_id();
    int next = 0;
    ordered_pipeline<int, int>(
        {.workers = 2}, [&]() -> std::optional<int> { return next < 50 ? std::optional(next++) : std::nullopt; },
        [](int&& item, unsigned) { return item; }, [&](int&&) { REQUIRE(std::this_thread::get_id() == caller); });
}

TEST_CASE("a pipeline's works really overlap", "[parallel]") {
    // Each of the two works waits until the other has begun: with fewer than two at once this would never end.
    std::mutex mutex;
    std::condition_variable both;
    int begun = 0, next = 0;
    ordered_pipeline<int, int>(
        {.workers = 2, .window = 4},
        [&]() -> std::optional<int> { return next < 2 ? std::optional(next++) : std::nullopt; },
        [&](int&& item, unsigned) {
            std::unique_lock lock(mutex);
            if (++begun == 2) both.notify_all();
            both.wait(lock, [&] { return begun == 2; });
            return item;
        },
        [](int&&) {});
    CHECK(begun == 2);
}

TEST_CASE("a pipeline hands results on while its input blocks", "[parallel]") {
    // The input waits for the answer to its last item, as a peer at the other end of two pipes would.
    std::mutex mutex;
    std::condition_variable answered;
    int answers = 0, next = 0;
    ordered_pipeline<int, int>(
        {.workers = 3, .window = 3},
        [&]() -> std::optional<int> {
            std::unique_lock lock(mutex);
            answered.wait(lock, [&] { return answers == next; });
            return next < 200 ? std::optional(next++) : std::nullopt;
        },
        [](int&& item, unsigned) { return item; },
        [&](int&&) {
            std::lock_guard lock(mutex);
            ++answers;
            answered.notify_all();
        });
    CHECK(answers == 200);
}

TEST_CASE("a loop runs each task once", "[parallel]") {
    for (const unsigned workers : {0U, 1U, 3U, 50U}) {
        std::vector<std::atomic<int>> runs(31);
        parallel_for(workers, runs.size(), [&](std::size_t i) { ++runs[i]; });
        CHECK(std::all_of(runs.begin(), runs.end(), [](const auto& n) { return n == 1; }));
    }
    parallel_for(4, 0, [](std::size_t) { FAIL("no task to run"); });
}

TEST_CASE("a loop runs at most so many tasks at once", "[parallel]") {
    Crowd crowd;
    parallel_for(3, 500, [&](std::size_t) { const Crowd::Visit visit(crowd); });
    CHECK(crowd.most() <= 3);
}

TEST_CASE("a loop without workers runs in order on the calling thread", "[parallel]") {
    std::vector<int> order;
    parallel_for(0, 20, [&](std::size_t i) { order.push_back(static_cast<int>(i)); });
    CHECK(order == numbers_to(20));
}

TEST_CASE("a loop fails with the lowest index that failed, and begins no task above it afterwards", "[parallel]") {
    std::mt19937_64 random(2);
    for (int round = 0; round < 500; ++round) {
        std::set<std::size_t> bad;
        for (std::uint64_t n = 1 + random() % 4; n > 0; --n) bad.insert(random() % 60);
        const auto workers = static_cast<unsigned>(random() % 5);
        std::vector<std::atomic<int>> runs(60);
        std::string failure;
        try {
            parallel_for(workers, runs.size(), [&](std::size_t i) {
                ++runs[i];
                if (bad.contains(i)) fail_at("task", static_cast<int>(i));
            });
        } catch (const std::runtime_error& error) {
            failure = error.what();
        }
        CHECK(failure == "task " + std::to_string(*bad.begin()));
        for (std::size_t i = 0; i < *bad.begin(); ++i) CHECK(runs[i] == 1);
        for (const auto& n : runs) CHECK(n <= 1);
    }
}

TEST_CASE("a thread that cannot be started is a failure with a remedy, and nothing is run", "[parallel]") {
    pthread_attr_t former, huge;
    REQUIRE(pthread_getattr_default_np(&former) == 0);
    REQUIRE(pthread_attr_init(&huge) == 0);
    REQUIRE(pthread_attr_setstacksize(&huge, std::size_t{1} << 47) == 0);  // more than there are addresses
    REQUIRE(pthread_setattr_default_np(&huge) == 0);
    std::optional<Failure> failure;
    int produced = 0;
    try {
        ordered_pipeline<int, int>(
            {.workers = 2}, [&]() -> std::optional<int> { return ++produced; },
            [](int&& item, unsigned) { return item; }, [](int&&) {});
    } catch (const Failure& caught) {
        failure = caught;
    }
    REQUIRE(pthread_setattr_default_np(&former) == 0);
    REQUIRE(failure);
    CHECK(failure->parts().what == "cannot start a thread");
    CHECK(failure->parts().todo.find("--jobs") != std::string::npos);
    CHECK(produced == 0);
}

TEST_CASE("there is at least one processor, and no more than the machine has", "[parallel]") {
    CHECK(processors() >= 1);
    CHECK(processors() <= std::max(1U, std::thread::hardware_concurrency()));
}
