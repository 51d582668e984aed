// Goal: one replica alone loses nothing that was acknowledged and counts nothing twice, whatever the power, a kill, a
// failing disk or one rotten block does to it; and where more is rotten it is damage, never another state.
// Method: lives of a replica (replica_history.h); every cut of an install; every bit of a file.
#include "libcore/base/failure.h"
#include "libcore/counter/replica.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"
#include "tests/sim/replica_history.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using counter::LocalReplica;
using counter::ReplicaFile;
using counter::Reply;

/// Seeds until a complaint; 0 where so many bring none.
std::uint64_t first_complaint(Mistake mistake, std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        if (!live(seed, mistake).complaint.empty()) return seed;
    return 0;
}

/// The mistake is found, and the same life without it is without complaint.
void check_found(Mistake mistake) {
    constexpr std::uint64_t seeds = 20'000;
    const std::uint64_t seed = first_complaint(mistake, seeds);
    INFO("found after " << seed << " lives");
    REQUIRE(seed != 0);
    CHECK(live(seed).complaint == "");
}

std::optional<counter::Version> version_of(SimDisk& disk) {
    LocalReplica replica(disk.root(), "r");
    REQUIRE(replica.try_lock());
    const Reply reply = replica.handle({.kind = counter::Request::Kind::inspect});
    if (reply.kind == Reply::Kind::missing || reply.kind == Reply::Kind::damaged) return std::nullopt;
    REQUIRE(reply.kind == Reply::Kind::sound);
    return reply.standing->version;
}

void install(SimDisk& disk, const counter::State& state) {
    LocalReplica replica(disk.root(), "r");
    REQUIRE(replica.try_lock());
    const Reply reply = replica.handle({.kind = counter::Request::Kind::install,
                                        .ballot = state.version.ballot,
                                        .epoch = 7,
                                        .state = state,
                                        .header = counter::header(100)});
    REQUIRE(reply.kind == Reply::Kind::sound);
    disk.acknowledge("installed");
}

/// Cuts of an install over what `start` holds: `before` or the new state, the new one once it was told.
void check_install(const Image& start, const std::optional<counter::Version>& before) {
    const counter::State state = counter::state(300, 4);
    const auto scenario = [&](SimDisk& disk) { install(disk, state); };
    const auto check = [&](Rebooted& disk) {
        const std::optional<counter::Version> found = version_of(disk);
        if (!disk.acknowledged().empty() || found != before) CHECK(found == state.version);
        install(disk, state);  // and what is left is in nobody's way
        CHECK(version_of(disk) == state.version);
        CHECK(disk.root()->list().size() == 1);
    };
    const CutCount count = for_every_told_cut(scenario, check, {.start = start, .seed = 5, .survivals = 20});
    CHECK(count.steps >= 6);
}

/// Whether cuts of an install over `start`, of which the disk forgets one kind of sync, leave what they must not.
bool found_in_install(const Image& start, const Fault& forgotten) {
    const counter::State state = counter::state(300, 4);
    bool found = false;
    const auto scenario = [&](SimDisk& disk) {
        disk.fail(forgotten);
        install(disk, state);
    };
    const auto check = [&](Rebooted& disk) {
        const std::optional<counter::Version> version = version_of(disk);
        const bool is_new = version == state.version;
        found = found || (!is_new && (!disk.acknowledged().empty() || version != counter::zero().version));
    };
    (void)for_every_cut(scenario, check, {.start = start, .seed = 5, .survivals = 20});
    return found;
}

Image with_replica(const counter::State& state) {
    Image image = prepared([&](SimDisk& disk) { install(disk, state); });
    image.acknowledged.clear();
    return image;
}

/// What a reader makes of a file: as `state`, or damage; anything else is wrong.
bool is_right_or_damage(SimDisk& disk, const counter::State& state) {
    try {
        const auto file = io::open_file(*disk.root(), "r", io::Access::direct);
        ReplicaFile replica(*file);
        return replica.tail().version == state.version && replica.tail().head == state.head &&
               replica.annex() == state.annex && replica.window() == state.window;
    } catch (const Failure& failure) {
        return failure.exit() == Exit::damage;
    }
}

}  // namespace

TEST_CASE("a replica alone keeps all that was acknowledged, exactly once, over cuts, kills, failures and rot",
          "[counter][sim]") {
    Befell all;
    for_every_seed(20'000, [&](std::uint64_t seed) {
        const Lived lived = live(seed);
        CHECK(lived.complaint == "");
        all.cuts += lived.befell.cuts;
        all.kills += lived.befell.kills;
        all.failures += lived.befell.failures;
        all.rots += lived.befell.rots;
        all.kept += lived.befell.kept;
        all.undone += lived.befell.undone;
        all.cuts_in_opening += lived.befell.cuts_in_opening;
    });
    if (seed_count(20'000) < 1000) return;
    for (const std::uint64_t each : {all.cuts_in_opening, all.kills, all.failures, all.rots, all.kept, all.undone})
        CHECK(each > 100);
}

TEST_CASE("a commit in single copies is found", "[counter][sim]") { check_found(Mistake::single_copies); }
TEST_CASE("keys that are written outside the commit are found", "[counter][sim]") {
    check_found(Mistake::keys_outside_commit);
}
TEST_CASE("a key ring that is not bound by checksum is found", "[counter][sim]") {
    check_found(Mistake::ring_not_bound);
}
TEST_CASE("a repair on open that rewrites the good copy is found", "[counter][sim]") {
    check_found(Mistake::repair_rewrites_good);
}
TEST_CASE("an opening that repairs nothing is found", "[counter][sim]") { check_found(Mistake::no_repair_on_open); }
TEST_CASE("an opening that syncs nothing is found", "[counter][sim]") { check_found(Mistake::no_sync_on_open); }
TEST_CASE("a commit that overwrites both slots is found", "[counter][sim]") {
    check_found(Mistake::both_slots_overwritten);
}
TEST_CASE("an annex written over the one that the older slot refers to is found", "[counter][sim]") {
    check_found(Mistake::one_annex_place);
}
TEST_CASE("a failed sync that is tried again and trusted is found", "[counter][sim]") {
    check_found(Mistake::failed_sync_tried_again);
}

TEST_CASE("an install interrupted at any step leaves the old replica or the new one", "[counter][sim]") {
    check_install(with_replica(counter::zero()), counter::zero().version);
}

TEST_CASE("each sync of an install is needed", "[counter][sim]") {
    const Image start = with_replica(counter::zero());
    const auto forgotten = [](Call call, const std::string& path) {
        return Fault{.call = call, .path = path, .times = UINT64_MAX, .lie = true};
    };
    CHECK(found_in_install(start, forgotten(Call::sync, ".r.ft-new")));
    CHECK(found_in_install(start, forgotten(Call::sync_dir, "")));
    CHECK_FALSE(found_in_install(start, forgotten(Call::exchange, "none")));
}

TEST_CASE("the making of a replica interrupted at any step leaves none or a whole one", "[counter][sim]") {
    check_install(prepared([](SimDisk&) {}), std::nullopt);
}

TEST_CASE("the repair of a damaged replica interrupted at any step leaves it damaged or repaired", "[counter][sim]") {
    SimDisk disk(with_replica(counter::zero()), 1);
    disk.zero("r", 2 * counter::block_size, 4 * counter::block_size);
    check_install(disk.image(), std::nullopt);
}

TEST_CASE("every flipped bit of a replica leaves its state right", "[counter][sim]") {
    const counter::State state = counter::state(250, 4);
    SimDisk disk(with_replica(state), 1);
    const Image sound = disk.image();
    const counter::Layout layout(100);
    // In normal runs every bit of each sector is turned in one of the blocks; with FT_LONG every bit of the file.
    const bool all = number_in_environment("FT_LONG").value_or(0) != 0;
    const std::uint64_t step = all ? 1 : 13;
    std::uint64_t wrong = 0, turned = 0;
    const std::uint64_t bits = (all ? layout.blocks() : counter::Layout::annex(0, 0)) * counter::block_size * 8;
    for (std::uint64_t bit = 0; bit < bits; bit += step, ++turned) {
        SimDisk one(sound, 1);
        one.flip_bit("r", bit / 8, static_cast<unsigned>(bit % 8));
        if (!is_right_or_damage(one, state)) ++wrong;
    }
    for (std::uint64_t block = 0; block < layout.blocks(); ++block) {
        for (std::uint64_t bit = block; bit < counter::block_size * 8; bit += 501, ++turned) {
            SimDisk one(sound, 1);
            one.flip_bit("r", block * counter::block_size + bit / 8, static_cast<unsigned>(bit % 8));
            if (!is_right_or_damage(one, state)) ++wrong;
        }
    }
    CHECK(wrong == 0);
    CHECK(turned > 20'000);
}

TEST_CASE("two rotten blocks give the right state or damage", "[counter][sim]") {
    const counter::State state = counter::state(250, 4);
    SimDisk disk(with_replica(state), 1);
    const Image sound = disk.image();
    const counter::Layout layout(100);
    std::uint64_t wrong = 0;
    for (std::uint64_t first = 0; first < layout.blocks(); ++first)
        for (std::uint64_t second = first + 1; second < layout.blocks(); ++second) {
            SimDisk two(sound, 1);
            for (const std::uint64_t block : {first, second}) two.zero("r", block * counter::block_size + 512, 512);
            if (!is_right_or_damage(two, state)) ++wrong;
        }
    CHECK(wrong == 0);
}

}  // namespace ft::sim
