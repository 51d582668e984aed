// Goal: several simulated processes run as their seed says, and again so; locks exclude; a killed process takes its
// locks along. Method: processes that add to a number under a lock, or forget the lock; all seeds, each twice.
#include <set>
#include <string>

#include "libcore/sim/world.h"
#include "tests/catch.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

std::uint64_t number_in(io::Dir& root) {
    std::unique_ptr<io::File> file = io::open_file(root, "number");
    return std::stoull(std::string(text_of(io::read_whole(*file, 100))));
}

/// Adds 1 three times, each under an exclusive lock or without.
void add_three(Process& process, bool locks) {
    std::unique_ptr<io::Dir> root = process.root();
    for (int i = 0; i < 3; ++i) {
        std::unique_ptr<io::File> lock = io::open_file(*root, "lock");
        while (locks && !lock->try_lock(io::Lock::exclusive)) process.clock().sleep(std::chrono::milliseconds(1));
        const std::string next = std::to_string(number_in(*root) + 1);
        std::unique_ptr<io::File> file = io::open_file(*root, "number", io::Access::read_write);
        file->write_at(view_of(next), 0);
        file->sync();
    }
}

const Image& start() {
    static const Image image = prepared([](SimDisk& disk) {
        std::unique_ptr<io::Dir> root = disk.root();
        root->create_file("number", 0644)->write_at(view_of("0"), 0);
        (void)root->create_file("lock", 0644);
    });
    return image;
}

struct Outcome {
    std::uint64_t number = 0;
    std::vector<std::string> trace;
    std::vector<End> ends;
    bool operator==(const Outcome&) const = default;
};

Outcome add_together(std::uint64_t seed, bool locks, std::optional<std::uint64_t> kill_step = {}) {
    SimDisk disk(start(), seed);
    disk.trace(true);
    World world(disk, seed);
    for (int i = 0; i < 3; ++i) world.add("adder", [&](Process& process) { add_three(process, locks); });
    if (kill_step) disk.kill_at(1, *kill_step, static_cast<When>(seed % 3));
    world.run();
    Outcome outcome{number_in(*disk.root(0)), disk.traced(), {}};
    for (ProcessId id = 1; id <= 3; ++id) outcome.ends.push_back(world.end_of(id));
    return outcome;
}

}  // namespace

TEST_CASE("processes under a lock lose no addition, whatever the order", "[sim]") {
    std::set<std::vector<std::string>> orders;
    for_every_seed(200, [&](std::uint64_t seed) {
        const Outcome outcome = add_together(seed, true);
        CHECK(outcome.number == 9);
        CHECK(outcome.ends == std::vector<End>(3, End::done));
        orders.insert(outcome.trace);
    });
    CHECK((seed_count(200) < 50 || orders.size() > 50));
}

TEST_CASE("processes that forget the lock lose additions under some seed", "[sim]") {
    std::set<std::uint64_t> numbers;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) numbers.insert(add_together(seed, false).number);
    CHECK(*numbers.begin() < 9);
    CHECK(numbers.size() > 3);
}

TEST_CASE("a seed replays the same run, call by call", "[sim]") {
    for_every_seed(50, [](std::uint64_t seed) {
        CHECK(add_together(seed, true) == add_together(seed, true));
        CHECK(add_together(seed, true, seed % 6) == add_together(seed, true, seed % 6));
    });
}

TEST_CASE("a killed process stops at its step, its locks go, what it wrote stays", "[sim]") {
    for_every_seed(100, [](std::uint64_t seed) {
        const std::uint64_t step = seed % 6;  // each addition is two: write and sync
        const Outcome outcome = add_together(seed, true, step);
        CHECK(outcome.ends == std::vector<End>{End::killed, End::done, End::done});
        const bool written = step % 2 != 0 || static_cast<When>(seed % 3) == When::after;
        CHECK(outcome.number == 6 + step / 2 + (written ? 1 : 0));
    });
}

TEST_CASE("a power cut ends all processes", "[sim]") {
    for_every_seed(100, [](std::uint64_t seed) {
        SimDisk disk(start(), seed);
        World world(disk, seed);
        for (int i = 0; i < 2; ++i) world.add("adder", [](Process& process) { add_three(process, true); });
        disk.cut_at(seed % 12);
        world.run();
        CHECK(world.end_of(1) != End::failed);
        CHECK((world.end_of(1) == End::power_cut || world.end_of(2) == End::power_cut));
        disk.power_cut(seed);
        CHECK(number_in(*disk.root()) <= seed % 12 / 2 + 1);
    });
}

TEST_CASE("processes that wait for each other for ever are found", "[sim]") {
    SimDisk disk(start(), 1);
    World world(disk, 1);
    world.turn_limit = 1000;
    for (int i = 0; i < 2; ++i)
        world.add("waiter", [](Process& process) {
            std::unique_ptr<io::Dir> root = process.root();
            while (!root->stat("never")) process.clock().sleep(std::chrono::seconds(1));
        });
    world.run();
    CHECK(world.end_of(1) == End::hang);
    CHECK(world.end_of(2) == End::hang);
}

TEST_CASE("a failing process tells its failure, and a failed check comes out", "[sim]") {
    SimDisk disk(start(), 1);
    World world(disk, 1);
    const ProcessId fails = world.add("fails", [](Process& p) { (void)io::open_file(*p.root(), "missing"); });
    world.run();
    CHECK(world.end_of(fails) == End::failed);
    CHECK(world.failure_of(fails).error() == ENOENT);
    World other(disk, 1);
    other.add("throws", [](Process&) { throw 7; });
    CHECK_THROWS_AS(other.run(), int);
}

TEST_CASE("shared locks go together, exclusive ones alone, and go with their file", "[sim]") {
    SimDisk disk(start(), 1);
    std::unique_ptr<io::Dir> one = disk.root(1), two = disk.root(2);
    std::unique_ptr<io::File> a = io::open_file(*one, "lock"), b = io::open_file(*two, "lock");
    CHECK(a->try_lock(io::Lock::shared));
    CHECK(b->try_lock(io::Lock::shared));
    CHECK_FALSE(b->try_lock(io::Lock::exclusive));
    a.reset();
    CHECK(b->try_lock(io::Lock::exclusive));
    a = io::open_file(*one, "lock");
    CHECK_FALSE(a->try_lock(io::Lock::shared));
    disk.kill(2);
    CHECK(a->try_lock(io::Lock::exclusive));
    CHECK_THROWS_AS(two->list(), Killed);
}

TEST_CASE("a dead program's destructors change nothing", "[sim]") {
    struct Cleaner {
        io::Dir& dir;
        ~Cleaner() { dir.remove_file("number"); }
    };
    SimDisk disk(start(), 1);
    World world(disk, 1);
    const ProcessId id = world.add("dies", [](Process& process) {
        std::unique_ptr<io::Dir> root = process.root();
        Cleaner cleaner{*root};
        root->make_dir("d", 0755);
    });
    disk.kill_at(id, 0);
    world.run();
    CHECK(world.end_of(id) == End::killed);
    CHECK(disk.root()->stat("number"));
    CHECK_FALSE(disk.root()->stat("d"));
}

TEST_CASE("virtual time moves by sleeps and calls, and files are stamped in ticks of it", "[sim]") {
    SimDisk disk;
    const Time begin = disk.clock().now();
    disk.clock().sleep(std::chrono::seconds(3));
    CHECK(disk.clock().now().s == begin.s + 3);
    std::unique_ptr<io::Dir> root = disk.root();
    (void)root->create_file("f", 0644);
    const Time stamp = root->stat("f")->mtime;
    CHECK(stamp.ns % 4'000'000 == 0);
    CHECK(stamp >= Time{begin.s + 3, 0});
    CHECK(stamp <= disk.clock().now());
}

}  // namespace ft::sim
