// Goal: a name is replaced, made, removed or switched as the transaction was decided, whatever the power, a kill or a
// failing disk does in any step of prepare, commit, abort and what repeats them; nothing hidden stays; no sync is there
// for nothing.
// Method: every cut, each followed by a recovery that is cut too; forget the syncs one by one; let each call fail.
#include "tests/catch.h"
#include "tests/sim/file_scene.h"
#include "tests/sim/mistaken_dir.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using twophase::Vote;
using twophase::Voted;

const Fault no_bug = forgotten(Call::exchange, "none");

Act doing(const BranchCase& branch, Verb verb) {
    return [=](Hands hands) { transact(std::move(hands), branch, verb); };
}
Act settling(const BranchCase& branch) {
    return [=](Hands hands) { settle(std::move(hands), branch); };
}
std::function<Complaints(SimDisk&)> complaints_of(const BranchCase& branch) {
    return [=](SimDisk& disk) { return complaints_about_branch(disk, branch); };
}

/// A disk with a prepared branch that was decided so, everything durable.
Image decided(const BranchCase& branch, const std::string& decision) {
    SimDisk disk(file_scene(), 1);
    const auto root = disk.root();
    write_generation(*root, branch);
    const Voted voted = participant(*root, disk.clock(), branch)->prepare();
    REQUIRE(voted.vote == Vote::yes);
    root->sync_file_system();
    disk.acknowledge("yes " + voted.token);
    disk.acknowledge(decision);
    return disk.image();
}

void check_cuts(const BranchCase& branch, Verb verb, const Abilities& abilities) {
    const Scenario scenario = [&](SimDisk& disk) {
        disk.abilities = abilities;
        transact(hands_of(disk), branch, verb);
    };
    const Check check = [&](Rebooted& disk) {
        const Image image = disk.image();
        CHECK(complaints_about_branch(disk, branch) == none);
        // A recovery that is cut in its turn.
        const Scenario recovery = [&](SimDisk& again) { settle(hands_of(again), branch); };
        const Check still = [&](Rebooted& again) { CHECK(complaints_about_branch(again, branch) == none); };
        (void)for_every_cut(recovery, still, {.start = image, .seed = disk.seed(), .survivals = 1});
    };
    const CutCount count = for_every_told_cut(scenario, check, {.start = file_scene(), .seed = 3, .survivals = 6});
    CHECK(count.steps >= (verb == Verb::commit ? 6 : 4));
}

/// Forgets each sync in "d" that the act makes, one after the other; each has to be found. returns  how many there are.
std::uint64_t needed_syncs(const Image& start, const Act& act, const BranchCase& branch) {
    CHECK_FALSE(found_by_cuts(start, act, no_bug, complaints_of(branch)));
    std::uint64_t all = 0;
    for (const auto& [call, path] :
         {std::pair<Call, std::string>{Call::sync, "d/**"}, {Call::sync_dir, "d"}, {Call::sync_all, "**"}}) {
        SimDisk disk(start, 1);
        disk.fail(forgotten(call, path));
        act(hands_of(disk));
        const std::uint64_t count = disk.faults_met();
        for (std::uint64_t n = 0; n < count; ++n) {
            INFO("forgotten: " << name_of(call) << " of '" << path << "', number " << n);
            CHECK(found_by_cuts(start, act, forgotten_once(call, path, n), complaints_of(branch)));
        }
        all += count;
    }
    return all;
}

/// One call in "d" fails, by number; then what a coordinator does follows. false where so many calls were not made.
bool survives_failing_call(const BranchCase& branch, Verb verb, std::uint64_t number, int error) {
    SimDisk disk(file_scene(), 1);
    disk.fail({.call = {}, .path = "d/**", .skip = number, .error = error});
    bool refused = false;
    try {
        transact(hands_of(disk), branch, verb);
    } catch (const Failure&) {
        refused = true;
    }
    const bool met = disk.faults_met() > 0;
    disk.clear_faults();
    CHECK((met || !refused));
    CHECK(complaints_about_branch(disk, branch) == none);
    return met;
}

}  // namespace

TEST_CASE("a branch cut at any step, and cut again while it recovers, ends as it was decided", "[twophase][sim]") {
    for (const BranchCase& branch : all_cases())
        for (const Verb verb : {Verb::commit, Verb::abort})
            for (const bool able : {true, false}) {
                INFO(branch.words << (verb == Verb::commit ? " commit" : " abort"));
                check_cuts(branch, verb, {.unnamed = able, .reflink = able});
            }
}

TEST_CASE("a branch killed at any step and then cut while another process recovers ends as it was decided",
          "[twophase][sim]") {
    for (const BranchCase& branch : all_cases())
        for (const Verb verb : {Verb::commit, Verb::abort}) {
            INFO(branch.words);
            const auto check = [&](SimDisk& disk) { CHECK(complaints_about_branch(disk, branch) == none); };
            CHECK(for_every_kill_and_cut(doing(branch, verb), settling(branch), check,
                                         {.start = file_scene(), .seed = 9, .survivals = 3}) > 100);
        }
}

TEST_CASE("each sync of a branch is needed", "[twophase][sim]") {
    // The copy, the claim, both names; the renamed name, the claim's going.
    CHECK(needed_syncs(file_scene(), doing(replacing(), Verb::commit), replacing()) == 5);
    CHECK(needed_syncs(file_scene(), doing(creating(), Verb::commit), creating()) == 5);
    CHECK(needed_syncs(file_scene(), doing(removing(), Verb::commit), removing()) == 4);
    CHECK(needed_syncs(file_scene(), doing(switching(), Verb::commit), switching()) == 5);
    for (const BranchCase& branch : all_cases())
        CHECK(needed_syncs(decided(branch, "abort"), settling(branch), branch) == 1);
}

TEST_CASE("each sync after a killed process is needed", "[twophase][sim]") {
    for (const BranchCase& branch : {replacing(), removing(), switching()})
        for (const std::string decision : {"commit", "abort"}) {
            const Image start = decided(branch, decision);
            const Act act = settling(branch);
            const auto found = [&](const Fault& bug) {
                return found_after_kill(start, act, act, bug, complaints_of(branch));
            };
            INFO(branch.words << " " << decision);
            CHECK(found(forgotten_once(Call::sync_dir, "d", 0)));
            CHECK_FALSE(found(no_bug));
        }
}

TEST_CASE("each mistake that is planted in a branch is found", "[twophase][sim]") {
    for (const DirMistake mistake : {DirMistake::claim_goes_first, DirMistake::old_goes_first,
                                     DirMistake::claim_in_place, DirMistake::staged_stays}) {
        const auto found = [](DirMistake planted) {
            const Act act = [=](Hands hands) {
                Hands mistaken{hands.disk, mistaken_dir(planted, std::move(hands.root)), hands.clock};
                transact(std::move(mistaken), replacing(),
                         planted == DirMistake::staged_stays ? Verb::abort : Verb::commit);
            };
            return found_by_cuts(file_scene(), act, no_bug, complaints_of(replacing()));
        };
        INFO("mistake " << static_cast<int>(mistake));
        CHECK(found(mistake));
        CHECK_FALSE(found(DirMistake::nothing));
    }
}

TEST_CASE("a call that fails in any step leaves a branch that can be settled, and a no that leaves nothing",
          "[twophase][sim]") {
    for (const BranchCase& branch : all_cases())
        for (const Verb verb : {Verb::commit, Verb::abort})
            for (const int error : {EIO, ENOSPC, EACCES}) {
                std::uint64_t number = 0;
                while (survives_failing_call(branch, verb, number, error)) ++number;
                CHECK(number > 5);
            }
}

}  // namespace ft::sim
