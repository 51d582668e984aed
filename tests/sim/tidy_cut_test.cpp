// Goal: whenever the power fails, prune, repair and restore leave the state before or after, and the next command works
// at once. Method: every step, several survivals, and the same again while the next command runs (nested).
#include <algorithm>

#include "libcore/ckpt/beside.h"
#include "libcore/source/tree_remove.h"
#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

namespace {

/// Cuts the power while `again` runs on a disk that a cut has left, too.
void check_nested(Rebooted& disk, const Scenario& again, const Check& check) {
    CutPlan plan{.start = disk.image(), .seed = mix(disk.seed(), disk.cut().survival), .survivals = 1, .moments = 2};
    (void)for_every_cut(again, check, plan);
}

/// Power cuts of the scenario at every step, then of the scenario done again.
void check_cuts(const Image& start, const Scenario& scenario, const Check& check, std::uint64_t seed) {
    const Check twice = [&](Rebooted& disk) {
        check_nested(disk, scenario, check);
        check(disk);
    };
    const CutCount count = for_every_told_cut(scenario, twice, {.start = start, .seed = seed, .survivals = 2});
    CHECK(count.disks > count.steps);
}

/// Replaces the tree `dest`, first src1's copy, by t@2.
void replace(SimDisk& disk) { restore(hands_of(disk), {"t", 2}, "dest", ckpt::Placement::replace); }

bool was_restored(SimDisk& disk) {
    const std::vector<std::string>& told = disk.acknowledged();
    return std::find(told.begin(), told.end(), "restored dest t@2") != told.end();
}

/// dest is old or new, and new if that was said; the next restore leaves nothing of the former ones.
void check_replaced(SimDisk& disk) {
    std::unique_ptr<io::Dir> root = disk.root();
    const std::string found = description_of(*root, "dest");
    const bool is_new = found == expected_tree("src2"), was_told = was_restored(disk);
    CHECK((is_new || (!was_told && found == expected_tree("src1"))));
    restore(hands_of(disk), {"t", 3}, "dest", ckpt::Placement::replace);
    CHECK(description_of(*root, "dest") == expected_tree("src3"));
    std::set<std::string> left;
    for (const io::Listed& one : root->list()) left.insert(one.name);
    CHECK(left == std::set<std::string>{"dest", "src1", "src2", "src3", "store"});
}

void check_fresh(SimDisk& disk) {
    std::unique_ptr<io::Dir> root = disk.root();
    const std::string found = description_of(*root, "dest");
    const bool is_new = found == expected_tree("src2"), was_told = was_restored(disk);
    CHECK((is_new || (!was_told && found == "missing")));
    if (is_new) source::remove_tree(*root, "dest");
    restore(hands_of(disk), {"t", 3}, "dest", ckpt::Placement::fresh);
    CHECK(description_of(*root, "dest") == expected_tree("src3"));
}

void make_equal(SimDisk& disk) { restore(hands_of(disk), {"t", 2}, "dest", ckpt::Placement::in_place); }

/// dest is old, new (and so if that was said), or marked as neither; a mark always says what was being restored; the
/// next run makes dest what it should be and clears the mark.
void check_in_place(SimDisk& disk) {
    std::unique_ptr<io::Dir> root = disk.root();
    const std::string found = description_of(*root, "dest");
    const bool is_new = found == expected_tree("src2"), is_old = found == expected_tree("src1");
    const std::optional<std::string> mark = ckpt::unfinished_restore(*root, "dest");
    CHECK((was_restored(disk) ? is_new : is_new || is_old || mark));
    CHECK(mark.value_or("t@2 of /store") == "t@2 of /store");
    make_equal(disk);
    CHECK(description_of(*root, "dest") == expected_tree("src2"));
    CHECK_FALSE(ckpt::unfinished_restore(*root, "dest"));
    std::set<std::string> left;
    for (const io::Listed& one : root->list()) left.insert(one.name);
    CHECK(left == std::set<std::string>{"dest", "src1", "src2", "src3", "store"});
}

/// Whether some directory beside dest, or dest itself, is src1's copy.
bool has_old_tree(io::Dir& root) {
    for (const io::Listed& one : root.list())
        if (!one.name.starts_with("src") && one.name != "store" && one.kind == io::Kind::dir &&
            description_of(root, one.name) == expected_tree("src1"))
            return true;
    return false;
}

/// The old tree is at its place or kept, also after the next restore.
void check_kept(SimDisk& disk) {
    std::unique_ptr<io::Dir> root = disk.root();
    CHECK(has_old_tree(*root));
    if (was_restored(disk)) CHECK(description_of(*root, "kept") == expected_tree("src1"));
    restore(hands_of(disk), {"t", 3}, "dest", ckpt::Placement::replace, "kept too");
    CHECK(description_of(*root, "dest") == expected_tree("src3"));
    CHECK(has_old_tree(*root));
}

}  // namespace

TEST_CASE("a save cut and done again, cut again", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        check_cuts(
            sources(),
            [](SimDisk& disk) {
                save(hands_of(disk), {"t", "src1"});
            },
            check_store, seed);
    });
}

TEST_CASE("a save without unnamed files, cut at any step", "[ckpt][sim]") {
    const auto old_file_system = [](SimDisk& disk) {
        disk.abilities.unnamed = false;
        save(hands_of(disk), {"t", "src2"});
    };
    for_every_seed(
        2, [&](std::uint64_t seed) { check_cuts(with_four_checkpoints(), old_file_system, check_store, seed); });
}

TEST_CASE("a prune cut at any step loses nothing that it should keep, and can be done again", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        for (const std::uint64_t keep : {1, 2})
            check_cuts(
                with_four_checkpoints(), [&](SimDisk& disk) { prune(hands_of(disk), "t", keep); }, check_store, seed);
    });
}

TEST_CASE("a repair cut at any step leaves every checkpoint whole", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        check_cuts(
            with_four_checkpoints(), [](SimDisk& disk) { repair(hands_of(disk)); }, check_store, seed);
    });
}

TEST_CASE("a restore cut at any step leaves the old tree or the new one", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) { check_cuts(with_destination(), replace, check_replaced, seed); });
}

TEST_CASE("a restore that keeps the old tree never loses it, cut at any step", "[ckpt][sim]") {
    const auto replace_and_keep = [](SimDisk& disk) {
        restore(hands_of(disk), {"t", 2}, "dest", ckpt::Placement::replace, "kept");
    };
    for_every_seed(2, [&](std::uint64_t seed) {
        for_every_told_cut(replace_and_keep, check_kept, {.start = with_destination(), .seed = seed});
    });
}

TEST_CASE("a restore in place cut at any step is old, new or marked, and the next one ends it", "[ckpt][sim]") {
    for_every_seed(4, [](std::uint64_t seed) { check_cuts(with_destination(), make_equal, check_in_place, seed); });
}

TEST_CASE("a restore into a new place cut at any step leaves nothing or the whole", "[ckpt][sim]") {
    const auto fresh = [](SimDisk& disk) {
        if (!disk.root()->stat("dest")) restore(hands_of(disk), {"t", 2}, "dest", ckpt::Placement::fresh);
    };
    for_every_seed(2, [&](std::uint64_t seed) { check_cuts(with_four_checkpoints(), fresh, check_fresh, seed); });
}

}  // namespace ft::sim
