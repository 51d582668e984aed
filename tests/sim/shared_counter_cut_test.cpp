// Goal: a shared counter that is made again from its file after a power cut has at least what was flushed, at most what
// was added, and the keys that belong to its value; also when the power fails again while it is made.
// Method: the segment is real memory, which each power cut takes away; the disk of its file is simulated.
#include <charconv>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/shm/disk_copy.h"
#include "tests/catch.h"
#include "tests/shm/own.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using counter::KeyId;
using counter::Outcome;
using shm::DiskCopy;
using shm::SharedCounter;

constexpr std::uint64_t seeds = 40;
constexpr std::int64_t amount = 3;

/// What a run said of itself: keyed adds begun, and made durable by a flush that returned.
struct Said {
    std::uint64_t begun = 0, flushed = 0;
};

Said said_on(const SimDisk& disk) {
    Said said;
    for (const std::string& line : disk.acknowledged()) {
        std::uint64_t number = 0;
        std::from_chars(line.data() + 2, line.data() + line.size(), number);
        (line[0] == 'b' ? said.begun : said.flushed) = number;
    }
    return said;
}

KeyId key(std::uint64_t number) { return {.low = number * 0x9e3779b97f4a7c15U, .high = number}; }

shm::Shape shape_of(shm::Kind kind) {
    return {.kind = kind, .keys = 150, .flush = shm::Flush{.period = std::chrono::seconds(1), .path = "/c"}};
}

/// A counter whose memory goes with this.
struct Machine {
    Machine(SimDisk& disk, shm::Kind kind)
        : hands(hands_of(disk)), copy(disk.root(), "c", hands.clock), counter(copy.make(name, shape_of(kind))) {}
    Hands hands;
    shm::OwnName name;
    DiskCopy copy;
    std::unique_ptr<SharedCounter> counter;
};

/// Adds, with keys where the counter has them, and flushes now and then; some of them more than a commit's block holds.
void count_on(SimDisk& disk, shm::Kind kind) {
    Machine machine(disk, kind);
    std::uint64_t number = static_cast<std::uint64_t>(machine.counter->value() / amount);
    for (const std::uint64_t more : {1, 5, 120, 2, 900, 1}) {
        for (const std::uint64_t end = number + more; number < end; ++number) {
            if (number + 1 == end) disk.acknowledge("b " + std::to_string(end));
            (void)(kind == shm::Kind::exact ? machine.counter->add(amount, key(number)) : machine.counter->add(amount));
        }
        machine.copy.flush(*machine.counter);
        disk.acknowledge("f " + std::to_string(number));
    }
}

Complaints complaints_about_counter(SimDisk& disk, shm::Kind kind) {
    const Said said = said_on(disk);
    const Machine machine(disk, kind);
    const std::int64_t value = machine.counter->value();
    if (value % amount != 0) return {"a part of an add is there"};
    const auto number = static_cast<std::uint64_t>(value / amount);
    if (number < said.flushed) return {"what was flushed is lost"};
    if (number > said.begun) return {"more is there than was added"};
    if (kind == shm::Kind::plain) return {};
    for (std::uint64_t i = number - std::min<std::uint64_t>(number, 150); i < number; ++i)
        if (machine.counter->add(amount, key(i)).kind != Outcome::Kind::repeated) return {"a key is forgotten"};
    if (machine.counter->add(amount, key(number)).kind != Outcome::Kind::done) return {"a key is there too early"};
    return {};
}

}  // namespace

TEST_CASE("a counter in memory comes back from its file after a power cut, within what was flushed and added",
          "[sim]") {
    for (const shm::Kind kind : {shm::Kind::plain, shm::Kind::exact}) {
        const auto count = [&](SimDisk& disk) { count_on(disk, kind); };
        const auto check = [&](Rebooted& disk) { REQUIRE(complaints_about_counter(disk, kind) == none); };
        for_every_seed(seeds,
                       [&](std::uint64_t seed) { for_every_told_cut(count, check, {.seed = seed, .survivals = 1}); });
        check_cuts_twice(prepared([](SimDisk&) {}), count, check, 1);
    }
}

TEST_CASE("a flush that does not sync what it wrote is found", "[sim]") {
    const Image start = prepared([](SimDisk& disk) { count_on(disk, shm::Kind::exact); });
    const Act flush = [](Hands hands) { count_on(hands.disk, shm::Kind::exact); };
    const auto look = [](SimDisk& disk) { return complaints_about_counter(disk, shm::Kind::exact); };
    CHECK_FALSE(found_by_cuts(start, flush, forgotten(Call::exchange, "none"), look));
    CHECK(found_by_cuts(start, flush, forgotten(Call::sync, "c"), look));
}

}  // namespace ft::sim
