// Goal: whatever a counter acknowledged is there after a power cut at any step, once; what was in flight is there or
// not; then one of three replicas may rot, and nothing changes. So also while members come and go and are repaired.
// Method: a user who writes down what he begins and what he was told; every step of the disk, several ways to lose what
// was not synced; then a look, the last deed again with its key, rot in one replica, a repair.
#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/sim/counter_world.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using counter::Counter;
using counter::Operation;
using counter::Outcome;

const std::vector<std::string> one{"r1"}, three{"r1", "r2", "r3"}, all_places{"r1", "r2", "r3", "r4"};

/// One process that uses the counter, and is gone with the power.
class User {
public:
    explicit User(SimDisk& disk, const std::vector<std::string>& places = all_places)
        : disk_(disk),
          wiring_({.root = [&disk] { return disk.root(); }, .clock = disk.clock()}),
          counter_(wiring_, disk.clock(), "c", hint_of(places), simulated_patience()) {}

    /// An add of 1 that is written down; `number` counts them.
    void add(unsigned number, bool keyed) {
        disk_.acknowledge(fmt::format("begun {}", number));
        const std::int64_t value = do_add(number, keyed).value;
        disk_.acknowledge(fmt::format("told {}", value));
    }
    Outcome do_add(unsigned number, bool keyed) {
        Operation operation{.kind = Operation::Kind::add, .amount = 1};
        if (keyed) operation.key = counter::key_id(std::to_string(number));
        return counter_.run({&operation, 1}).front();
    }
    Outcome settle(Operation::Kind kind, const std::string& id, std::int64_t amount = 0) {
        const Operation operation{.kind = kind, .amount = amount, .id = id};
        return counter_.run({&operation, 1}).front();
    }
    std::int64_t get() {
        const Operation operation{.kind = Operation::Kind::get};
        return counter_.run({&operation, 1}).front().value;
    }
    Counter& counter() { return counter_; }

private:
    SimDisk& disk_;
    SimWiring wiring_;
    Counter counter_;
};

struct Told {
    std::int64_t begun = 0, told = 0;
};

Told told_by(const SimDisk& disk) {
    Told all;
    for (const std::string& what : disk.acknowledged()) {
        const std::int64_t number = std::stoll(what.substr(what.find(' ')));
        (what.starts_with("begun") ? all.begun : all.told) = number;
    }
    return all;
}

/// One replica is not what it was any more.
void hurt(SimDisk& disk, const std::string& replica, Chance& chance) {
    const std::uint64_t size = disk.size_of(replica);
    const std::uint64_t near = 4096 * chance.below(chance.one_in(2) ? 6 : size / 4096);
    switch (chance.below(4)) {
        case 0:
            return disk.flip_bit(replica, near + chance.below(4096), static_cast<unsigned>(chance.below(8)));
        case 1:
            return disk.zero(replica, near, 4096);
        case 2:
            return disk.truncate(replica, near);
        default:
            return disk.misdirect({replica, 4096 * chance.below(size / 4096)}, {replica, near}, 4096);
    }
}

/// What the user should not see after the power came back, and after one replica of several has rotted.
Complaints complaints_about_counter(SimDisk& disk, bool keyed, Chance& chance) {
    const Told told = told_by(disk);
    User user(disk);
    std::int64_t value = user.get();
    if (value < told.told || value > told.begun)
        return {fmt::format("{} of {} told and {} begun adds", value, told.told, told.begun)};
    if (keyed && told.begun > 0) {
        (void)user.do_add(static_cast<unsigned>(told.begun), true);
        value = user.get();
        if (value != told.begun) return {fmt::format("the last add was done again: {}, not {}", value, told.begun)};
    }
    const std::vector<counter::Member> members = user.counter().charter().members;
    (void)user.counter().repair();  // of what was bad before
    if (members.size() < 3) return {};
    hurt(disk, members[chance.below(members.size())].locator, chance);
    User after(disk);
    if (const std::int64_t now = after.get(); now != value) return {fmt::format("rot made {} of {}", now, value)};
    for (const counter::Repaired& made : after.counter().repair())
        if (!made.is_sound) return {made.member.locator + " is not repaired: " + made.why};
    if (const std::int64_t now = after.get(); now != value) return {fmt::format("a repair made {} of {}", now, value)};
    return {};
}

using Deeds = std::function<void(SimDisk&)>;

/// Cuts at every step; at some, the next user is cut off too.
void check_cuts(const Image& start, const Deeds& deeds, bool keyed, std::uint64_t seed) {
    std::uint64_t disks = 0;
    const Check check = [&](Rebooted& disk) {
        Chance chance(mix(seed, ++disks));
        if (chance.one_in(3)) {
            disk.cut_at(disk.steps() + chance.below(4), static_cast<When>(chance.below(3)));
            try {
                User(disk).get();
            } catch (const PowerCut&) {}
            disk.power_cut(chance.next());
        }
        CHECK(complaints_about_counter(disk, keyed, chance) == Complaints{});
    };
    (void)for_every_told_cut(deeds, check, {.start = start, .seed = seed, .survivals = 3});
    CHECK(disks > 10);
}

/// Whether a mistake of the disk brings a complaint after some cut.
bool is_found(const Image& start, const Deeds& deeds, const Fault& mistake) {
    struct Found {};
    const Scenario scenario = [&](SimDisk& disk) {
        disk.fail(mistake);
        deeds(disk);
    };
    const Check check = [&](Rebooted& disk) {
        Chance chance(1);
        try {
            if (complaints_about_counter(disk, true, chance).empty()) return;
        } catch (const Failure&) {  // it cannot be used at all
        }
        throw Found{};
    };
    try {
        for (std::uint64_t seed = 1; seed <= 20; ++seed)
            (void)for_every_cut(scenario, check, {.start = start, .seed = seed});
    } catch (const Found&) {
        return true;
    }
    return false;
}

Deeds adds(bool keyed) {
    return [=](SimDisk& disk) {
        User user(disk);
        for (unsigned i = 1; i <= 4; ++i) {
            user.add(i, keyed);
            if (i == 2) user.counter().release();
        }
    };
}

/// Something happens to the members between two adds.
Deeds around(const std::function<void(Counter&)>& change) {
    return [=](SimDisk& disk) {
        User user(disk);
        user.add(1, true);
        change(user.counter());
        user.add(2, true);
    };
}

void replicate_it(Counter& counter) { counter.replicate(member_at("r4")); }
void demote_it(Counter& counter) { (void)counter.demote(member_at("r1").replica, false); }
void repair_it(Counter& counter) { (void)counter.repair(); }

}  // namespace

TEST_CASE("adds to a counter of one replica, cut at any step", "[counter][sim]") {
    const Image image = counter_image(one);
    for_every_seed(400, [&](std::uint64_t seed) { check_cuts(image, adds(seed % 2 == 0), seed % 2 == 0, seed); });
}

TEST_CASE("adds to a counter of three replicas, cut at any step, then one rots", "[counter][sim]") {
    const Image image = counter_image(three);
    for_every_seed(40, [&](std::uint64_t seed) { check_cuts(image, adds(seed % 2 == 0), seed % 2 == 0, seed); });
}

TEST_CASE("replicate cut at any step", "[counter][sim]") {
    for_every_seed(4, [&](std::uint64_t seed) {
        check_cuts(counter_image(one), around(replicate_it), true, seed);
        check_cuts(counter_image(three, 4), around(replicate_it), true, seed);
    });
}

TEST_CASE("demote cut at any step", "[counter][sim]") {
    for_every_seed(4, [&](std::uint64_t seed) {
        check_cuts(counter_image({"r1", "r2"}), around(demote_it), true, seed);
        check_cuts(counter_image(three), around(demote_it), true, seed);
    });
}

TEST_CASE("repair cut at any step", "[counter][sim]") {
    for_every_seed(4, [&](std::uint64_t seed) {
        SimDisk disk(counter_image(three), 1);
        disk.zero(seed % 2 == 0 ? "r1" : "r3", 0, 6 * 4096);
        check_cuts(disk.image(), around(repair_it), true, seed);
    });
}

TEST_CASE("a reservation holds its amount through any cut, and is settled once", "[counter][sim]") {
    const Deeds deeds = [](SimDisk& disk) {
        User user(disk);
        user.add(1, true);
        (void)user.settle(Operation::Kind::reserve, "t", 1);
        disk.acknowledge("begun 2");
        (void)user.settle(Operation::Kind::commit, "t");
        disk.acknowledge("told 2");
    };
    const Check check = [](Rebooted& disk) {
        const Told told = told_by(disk);
        User user(disk);
        const std::int64_t value = user.get();
        CHECK((value >= told.told && value <= told.begun));
        const Outcome again = user.settle(Operation::Kind::commit, "t");
        if (told.begun == 2) CHECK(again.accepted());
        CHECK(user.get() == (again.accepted() ? 2 : value));
    };
    for (const auto& places : {one, three})
        for_every_seed(10, [&](std::uint64_t seed) {
            (void)for_every_told_cut(deeds, check, {.start = counter_image(places), .seed = seed, .survivals = 3});
        });
}

TEST_CASE("a sync of a replica that is forgotten is found", "[counter][sim]") {
    CHECK(is_found(counter_image(one), adds(true), forgotten(Call::sync, "r1")));
    CHECK(is_found(counter_image(three), adds(true), forgotten(Call::sync, "r*")));
    CHECK(is_found(counter_image(one), around(replicate_it), forgotten(Call::sync, ".r4.ft-new")));
    CHECK(is_found(counter_image(one), around(replicate_it), forgotten(Call::sync_dir, "")));
}

}  // namespace ft::sim
