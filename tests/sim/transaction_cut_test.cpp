// Goal: whatever the power or a kill does to the commands of a transaction, and to the recovery that follows, all of
// its files change or none; what was told is so; nothing is left behind. What was prepared stays so within its
// deadline. Method: every cut of every command, each followed by a recovery that is cut too; forget syncs one by one.
#include "tests/catch.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"
#include "tests/sim/transaction_scene.h"

namespace ft::sim {

namespace {

void check_cuts(const Act& act, std::uint64_t least_steps) {
    const Scenario scenario = [&](SimDisk& disk) { act(hands_of(disk)); };
    const Check check = [&](Rebooted& disk) {
        const Image image = disk.image();
        CHECK(complaints_about_transaction(disk) == none);
        const Scenario recovery = [&](SimDisk& again) { recover(hands_of(again)); };
        const Check still = [&](Rebooted& again) { CHECK(complaints_about_transaction(again) == none); };
        (void)for_every_cut(recovery, still, {.start = image, .seed = disk.seed(), .survivals = 1, .moments = 6});
    };
    const CutCount count = for_every_told_cut(scenario, check, {.start = transaction_scene(), .seed = 5});
    CHECK(count.steps >= least_steps);
}

}  // namespace

TEST_CASE("a transaction cut anywhere changes all of its files or none", "[twophase][sim]") {
    check_cuts(transact_at_once, 20);
}

TEST_CASE("a transaction over two hosts, both cut anywhere, changes all of its files or none", "[twophase][sim]") {
    check_cuts(transact_far, 30);
    check_cuts(transact_far_and_abort, 30);
}

TEST_CASE("a transaction in many commands, cut anywhere, changes all of its files or none", "[twophase][sim]") {
    check_cuts(transact_in_steps, 25);
}

TEST_CASE("an abort cut anywhere leaves nothing", "[twophase][sim]") { check_cuts(transact_and_abort, 20); }

TEST_CASE("a refusal cut anywhere leaves nothing", "[twophase][sim]") { check_cuts(transact_and_refuse, 15); }

TEST_CASE("what was prepared can be committed after any cut within its deadline", "[twophase][sim]") {
    const Scenario scenario = [](SimDisk& disk) { transact_in_steps(hands_of(disk)); };
    const Check check = [](Rebooted& disk) { CHECK(complaints_if_committed(disk) == none); };
    CHECK(for_every_told_cut(scenario, check, {.start = transaction_scene(), .seed = 7}).disks > 100);
}

TEST_CASE("a command killed anywhere is settled by a recovery that is cut", "[twophase][sim]") {
    const auto check = [](SimDisk& disk) { CHECK(complaints_about_transaction(disk) == none); };
    for (const Act& act : {Act(transact_at_once), Act(transact_in_steps), Act(transact_and_abort), Act(transact_far)})
        CHECK(for_every_kill_and_cut(act, recover, check, {.start = transaction_scene(), .seed = 9, .moments = 8}) >
              50);
}

TEST_CASE("a forgotten sync of a transaction's journal, or of its coordinator's directory, is found",
          "[twophase][sim]") {
    const auto complaints = [](SimDisk& disk) {
        try {
            return complaints_if_committed(disk);
        } catch (const Failure& failure) {
            return Complaints{failure.what()};
        }
    };
    const auto is_found = [&](const Act& act, const Fault& bug) {
        return found_by_cuts(transaction_scene(), act, bug, complaints);
    };
    CHECK(is_found(transact_at_once, forgotten(Call::sync, "home/journals/*")));
    CHECK(is_found(transact_at_once, forgotten(Call::sync_dir, "home/journals")));
    CHECK(is_found(transact_in_steps, forgotten(Call::sync, "home/journals/*")));
    CHECK(is_found(transact_at_once, forgotten(Call::sync_dir, "site")));
    // The identity is durable before there are journals: of journals alone nobody could tell whose they are.
    CHECK(is_found(transact_at_once, forgotten_once(Call::sync_dir, "home", 0)));
    CHECK(!is_found(transact_at_once, forgotten(Call::exchange, "none")));
}

}  // namespace ft::sim
