// Goal: whoever is killed, whenever: what was acknowledged is in the counter, what was not is in it once or not at all,
// a key counts once, and the next add works at once.
// Method: adds are killed after each of their instructions (single_step.h); processes are killed at random moments
// while they add side by side (workers.h), and every sum is compared with what they had said.
#include <array>
#include <filesystem>
#include <numeric>
#include <random>
#include <set>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "libcore/shm/disk_copy.h"
#include "tests/catch.h"
#include "tests/drill/single_step.h"
#include "tests/drill/workers.h"
#include "tests/io/scratch.h"
#include "tests/shm/own.h"
#include "tests/sim/seeds.h"

namespace ft::drill {

namespace {

using counter::KeyId;
using counter::Outcome;
using shm::SharedCounter;

constexpr std::uint64_t seeds = 3, kills_of_a_seed = 60;
constexpr auto wide = static_cast<std::int64_t>(shm::PlainAdds::narrow) + 5;  // goes under the lock

struct Fixture {
    SystemClock clock;
    shm::OwnName name;
    std::unique_ptr<SharedCounter> make(shm::Kind kind, std::uint32_t keys = 65536) {
        return SharedCounter::make(name, {.kind = kind, .keys = keys}, clock);
    }
};

KeyId key(std::uint64_t worker, std::uint64_t number) { return {.low = number % 7, .high = number * 64 + worker}; }

/// Every so many instructions only; with FT_LONG every one.
std::uint64_t stride(std::uint64_t usual) { return sim::number_in_environment("FT_LONG") ? 1 : usual; }

/// Word of the lock: not 0 where a holder has died, until the next takes it.
bool is_held(SharedCounter& counter) {
    return *reinterpret_cast<const std::uint32_t*>(&counter.segment().control().lock) != 0;
}

/// All that `sum` may be where each of the pending amounts was counted or not.
std::set<std::int64_t> possible(std::int64_t sum, std::span<Saying> sayings) {
    std::set<std::int64_t> sums{sum};
    for (const Saying& say : sayings) {
        const std::set<std::int64_t> without = sums;
        for (const std::int64_t one : without) sums.insert(one + say.pending());
    }
    return sums;
}

std::int64_t sum_of(std::span<Saying> sayings) {
    return std::accumulate(sayings.begin(), sayings.end(), std::int64_t{0},
                           [](std::int64_t sum, const Saying& say) { return sum + say.acknowledged; });
}

/// Rounds of workers, one or all of them killed, until there were enough kills.
void for_many_kills(std::uint64_t seed, Workers& workers, const std::function<void(Saying&, std::size_t)>& work,
                    const std::function<void()>& look, bool all_at_once = false) {
    std::mt19937_64 chance(seed);
    while (workers.kills() < kills_of_a_seed) {
        std::optional<std::size_t> victim;
        if (!all_at_once && chance() % 2 == 0) victim = chance() % workers.sayings().size();
        INFO("after " << workers.kills() << " kills");
        workers.run(work, victim, std::chrono::microseconds(chance() % 2000));
        look();
    }
}

/// The amount of a worker's add number n.
std::int64_t amount_of(std::uint64_t n) { return n % 9 == 0 ? wide : n % 5 == 0 ? -2 : 1; }

void add_for_ever(SharedCounter& counter, Saying& say) {
    for (std::uint64_t n = say.done;; ++n) {
        say.begun = say.acknowledged + amount_of(n);
        if (counter.count(amount_of(n)) != Outcome::Kind::done) return;
        say.acknowledged += amount_of(n);
        say.done = n + 1;
    }
}

void add_keys_for_ever(SharedCounter& counter, Saying& say, std::size_t worker) {
    for (std::uint64_t n = say.done;; ++n) {
        if (!counter.add(amount_of(n), key(worker, n)).accepted()) return;
        say.done = n + 1;
    }
}

}  // namespace

TEST_CASE_METHOD(Fixture, "an exact add killed after any of its instructions is counted once or not at all",
                 "[drill]") {
    const auto counter = make(shm::Kind::exact);
    (void)counter->count(1);  // the linker's work is done
    std::uint64_t held = 0, counted = 0, steps = 0;
    for (std::int64_t before = counter->value();; before = counter->value(), ++steps) {
        const Fate fate = kill_after(steps, [&] { (void)counter->count(5); });
        held += is_held(*counter) ? 1 : 0;
        const std::int64_t after = counter->value();
        counted += after == before + 5 ? 1 : 0;
        if (after != before && after != before + 5) FAIL(before << " became " << after << " at step " << steps);
        if (counter->add(1).value != after + 1) FAIL("the next add, after step " << steps);
        if (fate == Fate::finished) break;
    }
    CHECK(held > 20);
    CHECK(counted > 10);
    CHECK(steps > 100);
}

TEST_CASE_METHOD(Fixture, "a keyed add killed after any of its instructions is counted by its retry, once", "[drill]") {
    const auto counter = make(shm::Kind::exact, 32);
    for (std::uint64_t i = 0; i < 20; ++i) (void)counter->add(1, key(1, i));
    std::int64_t before = counter->value();
    std::uint64_t held = 0;
    for (std::uint64_t n = 0;; n += stride(3)) {
        const Fate fate = kill_after(n, [&] { (void)counter->add(5, key(2, n)); });
        held += is_held(*counter) ? 1 : 0;
        if (n % 2 == 0) {  // another comes before the retry
            if (counter->add(3, key(3, n)).value < before + 3) FAIL("another's add, after step " << n);
            before += 3;
        }
        if (!counter->add(5, key(2, n)).accepted()) FAIL("the retry, after step " << n);
        before += 5;
        if (counter->value() != before) FAIL("counted twice or not at all, after step " << n);
        for (std::uint64_t back = 0; back <= std::min<std::uint64_t>(n, 9); back += stride(3))
            if (counter->add(5, key(2, n - back)).kind != Outcome::Kind::repeated)
                FAIL("forgot a key, after step " << n);
        if (fate == Fate::finished) break;
    }
    CHECK(held > 30);
}

TEST_CASE_METHOD(Fixture, "a settling add killed after any of its instructions leaves the sum right", "[drill]") {
    const auto counter = make(shm::Kind::plain);
    (void)counter->count(wide);
    std::uint64_t held = 0;
    for (std::uint64_t n = 0;; n += stride(37)) {
        const std::int64_t before = counter->value();
        const Fate fate = kill_after(n, [&] {
            (void)counter->count(4);
            (void)counter->count(wide);
        });
        held += is_held(*counter) ? 1 : 0;
        const std::int64_t more = counter->value() - before;
        if (more != 0 && more != 4 && more != 4 + wide) FAIL("it counted " << more << " after step " << n);
        if (counter->count(wide) != Outcome::Kind::done || counter->value() != before + more + wide)
            FAIL("the next add, after step " << n);
        if (fate == Fate::finished) break;
    }
    CHECK(held > 5);
}

TEST_CASE_METHOD(Fixture, "the sum is what killed processes had been told, and at most what they were adding",
                 "[drill]") {
    for (const shm::Kind kind : {shm::Kind::plain, shm::Kind::exact}) {
        sim::for_every_seed(seeds, [&](std::uint64_t seed) {
            const shm::OwnName own;
            const auto counter = SharedCounter::make(own, {.kind = kind}, clock);
            Workers workers(4);
            std::int64_t base = 0;  // what was left open in former rounds, and counted
            const auto work = [&](Saying& say, std::size_t) { add_for_ever(*SharedCounter::find(own, clock), say); };
            for_many_kills(seed, workers, work, [&] {
                const std::int64_t value = counter->value();
                REQUIRE(possible(base + sum_of(workers.sayings()), workers.sayings()).contains(value));
                REQUIRE(counter->add(0).value == value);
                for (Saying& say : workers.sayings()) say.begun = say.acknowledged.load();
                base = value - sum_of(workers.sayings());
            });
            std::uint64_t adds = 0;
            for (const Saying& say : workers.sayings()) adds += say.done;
            CHECK(adds > 10'000);
        });
    }
}

TEST_CASE_METHOD(Fixture, "with keys and retries the sum is exact, whoever was killed", "[drill]") {
    sim::for_every_seed(seeds, [&](std::uint64_t seed) {
        const shm::OwnName own;
        const auto counter = SharedCounter::make(own, {.kind = shm::Kind::exact, .keys = 65536}, clock);
        Workers workers(4);
        const auto work = [&](Saying& say, std::size_t worker) {
            add_keys_for_ever(*SharedCounter::find(own, clock), say, worker);
        };
        std::int64_t expected = 0;
        std::array<std::uint64_t, 4> summed{};
        const auto look = [&] {
            for (std::size_t i = 0; i < 4; ++i) {  // each retries what it was not told
                Saying& say = workers.sayings()[i];
                REQUIRE(counter->add(amount_of(say.done), key(i, say.done)).accepted());
                ++say.done;
                for (; summed[i] < say.done; ++summed[i]) expected += amount_of(summed[i]);
            }
            REQUIRE(counter->value() == expected);
        };
        // All at once: whoever goes on would fill the window of keys before the retry.
        for_many_kills(seed, workers, work, look, true);
    });
}

TEST_CASE_METHOD(Fixture, "what is flushed is never more than was added, and never less than the flush was told",
                 "[drill]") {
    sim::for_every_seed(seeds, [&](std::uint64_t seed) {
        const ScratchFolder scratch;
        const shm::OwnName own;
        const auto copy = [&] { return shm::DiskCopy(io::open_root(scratch.path()), "hits", clock); };
        const shm::Shape shape{.kind = seed % 2 == 0 ? shm::Kind::plain : shm::Kind::exact,
                               .flush = shm::Flush{.period = std::chrono::milliseconds(1), .path = scratch.path()}};
        auto counter = copy().make(own, shape);
        REQUIRE(counter);
        Workers workers(3);
        const auto work = [&](Saying& say, std::size_t) {  // says only what is durable
            const auto mine = SharedCounter::find(own, clock);
            auto file = copy();
            for (;;) {
                for (int i = 0; i < 100; ++i, ++say.begun) (void)mine->count(1);
                const std::int64_t flushed = say.begun;
                file.flush(*mine);
                say.acknowledged = flushed;
                ++say.done;
            }
        };
        std::int64_t most = 0;
        for_many_kills(seed, workers, work, [&] {
            copy().flush(*counter);  // whoever was killed in the middle of one
            REQUIRE(counter->status().flush->value == counter->value());
            workers.run(work, {}, std::chrono::milliseconds(3));
            const std::int64_t durable = sum_of(workers.sayings()), value = counter->value();
            counter->remove();
            counter.reset();
            counter = copy().make(own, shape);
            REQUIRE(counter);
            CHECK(counter->value() >= durable);
            CHECK(counter->value() <= value);
            most = std::max(most, counter->value());
            for (Saying& say : workers.sayings()) say.begun = say.acknowledged = 0;
            const std::int64_t rest = counter->value();
            workers.sayings()[0].begun = workers.sayings()[0].acknowledged = rest;
        });
        CHECK(most > 1000);
    });
}

}  // namespace ft::drill
