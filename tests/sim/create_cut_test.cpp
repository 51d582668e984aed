// Goal: a create that is cut off anywhere leaves a whole counter or none, and the next create of that name works; what
// is not its own is never removed.
// Method: every step of the disk, several ways to lose what was not synced; then a look, and the same create again.
#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/counter/creation.h"
#include "libcore/sim/cuts.h"
#include "tests/catch.h"
#include "tests/sim/counter_world.h"

namespace ft::sim {

namespace {

using counter::Descriptor;
using counter::Operation;
using counter::Plan;

const std::vector<std::string> places{"r1", "r2", "r3"};

SimWiring wiring_on(SimDisk& disk) {
    return SimWiring({.root = [&disk] { return disk.root(); }, .clock = disk.clock()});
}

/// As `ftcounter create jobs --replica r1 --replica r2 --replica r3` does it.
void create_jobs(SimDisk& disk) {
    const std::unique_ptr<io::Dir> dir = disk.root();
    SimWiring wiring = wiring_on(disk);
    Plan plan(*dir, "jobs");
    if (plan.left()) {
        remove_unfinished(wiring, disk.clock(), counter::parse_descriptor(*plan.left(), "jobs"), simulated_patience());
        plan.forget();
    }
    Descriptor descriptor;
    for (const std::string& place : places) descriptor.replicas.push_back({disk.clock().random_uuid(), place});
    const counter::State first{.version = {.ballot = {.number = 1}},
                               .annex = {.charter = {.members = descriptor.replicas}}};
    create_named(plan, wiring, disk.clock(), {{.counter = disk.clock().random_uuid(), .keys = 64}, first, descriptor},
                 simulated_patience());
    disk.acknowledge("created");
}

/// Whether there is such a counter; it counts then.
bool counts(SimDisk& disk, const std::string& name) {
    const std::unique_ptr<io::Dir> dir = disk.root();
    const std::optional<counter::Named> named = counter::look_up(*dir, name);
    if (!named) return false;
    SimWiring wiring = wiring_on(disk);
    counter::Counter counter(wiring, disk.clock(), name,
                             {.epoch = 0, .members = named->descriptor.replicas, .former = {}}, simulated_patience());
    const Operation add{.kind = Operation::Kind::add, .amount = 1};
    (void)counter.run({&add, 1});
    CHECK(counter.absent().empty());
    return true;
}

std::optional<Exit> failure_of_create(SimDisk& disk) {
    try {
        create_jobs(disk);
        return std::nullopt;
    } catch (const Failure& failure) {
        return failure.exit();
    }
}

std::size_t names_in(SimDisk& disk) { return disk.root()->list().size(); }

}  // namespace

TEST_CASE("a create cut at any step leaves a counter or none, and the next create works", "[counter][sim]") {
    const CutCount count = for_every_cut(create_jobs, [](Rebooted& disk) {
        INFO(disk.story());
        const bool told = !disk.acknowledged().empty();
        const bool there = counts(disk, "jobs");
        CHECK((there || !told));
        if (there) return;
        CHECK_FALSE(failure_of_create(disk));
        CHECK(counts(disk, "jobs"));
        CHECK(names_in(disk) == 4);
    });
    CHECK(count.steps > 20);
}

TEST_CASE("a create after a killed one, cut at any step itself, leaves a counter or none", "[counter][sim]") {
    // Killed as late as can be: all replicas are there, and no name.
    const Image killed = prepared([](SimDisk& disk) {
        create_jobs(disk);
        const std::unique_ptr<io::Dir> dir = disk.root();
        dir->rename("jobs", *dir, ".jobs.ft-create");
    });
    (void)for_every_cut(create_jobs,
                        [](Rebooted& disk) {
                            INFO(disk.story());
                            if (!counts(disk, "jobs")) CHECK_FALSE(failure_of_create(disk));
                            CHECK(counts(disk, "jobs"));
                            CHECK(names_in(disk) == 4);
                        },
                        {.start = killed});
}

TEST_CASE("a create removes no replica that another has made, or that was counted on", "[counter][sim]") {
    SimDisk disk(prepared([](SimDisk& other) {
                     create_jobs(other);
                     const std::unique_ptr<io::Dir> dir = other.root();
                     dir->rename("jobs", *dir, "others");
                 }),
                 2);
    const auto dir = disk.root();
    SECTION("of another name") {
        CHECK(failure_of_create(disk) == Exit::failed);
        CHECK(counts(disk, "others"));
    }
    SECTION("of an older plan, and used since") {
        CHECK(counts(disk, "others"));
        dir->rename("others", *dir, ".jobs.ft-create");
        CHECK(failure_of_create(disk) == Exit::failed);
        dir->rename(".jobs.ft-create", *dir, "others");
        CHECK(counts(disk, "others"));
    }
    SECTION("of a plan for the same places") {
        Descriptor plan;
        for (const std::string& place : places) plan.replicas.push_back({disk.clock().random_uuid(), place});
        counter::put_descriptor(*dir, ".jobs.ft-create", plan);
        CHECK(failure_of_create(disk) == Exit::failed);
        CHECK(counts(disk, "others"));
    }
}

TEST_CASE("of two creates of one name one works, and the other says that it is busy", "[counter][sim]") {
    SimDisk disk;
    const auto dir = disk.root(1), other = disk.root(2);
    Plan first(*dir, "jobs");
    first.write("one");
    CHECK_THROWS_AS(Plan(*other, "jobs"), Failure);
    first.publish();
    Plan second(*other, "jobs");
    CHECK_FALSE(second.left());
    second.write("two");
    CHECK_THROWS_AS(second.publish(), Failure);
}

}  // namespace ft::sim
