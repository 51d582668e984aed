// Goal: whenever the power fails, prune and repair leave the state before or after, and the next command works
// at once. Method: every step, several survivals, and the same again while the next command runs (nested).
#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/small_verbs.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

TEST_CASE("a save cut and done again, cut again", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        check_cuts_twice(
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
        2, [&](std::uint64_t seed) { check_cuts_twice(with_four_checkpoints(), old_file_system, check_store, seed); });
}

TEST_CASE("a save that merges indexes, cut at any step", "[ckpt][sim]") {
    SimDisk uncut(with_many_indexes(), 1);
    save_v(hands_of(uncut));
    Hands hands = hands_of(uncut);
    CHECK(open_store(hands).backend->list("index").size() == 1);
    for_every_seed(2, [](std::uint64_t seed) {
        check_cuts_twice(
            with_many_indexes(), [](SimDisk& disk) { save_v(hands_of(disk)); }, check_store, seed);
    });
}

TEST_CASE("a prune cut at any step loses nothing that it should keep, and can be done again", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        for (const std::uint64_t keep : {1, 2})
            check_cuts_twice(
                with_four_checkpoints(), [&](SimDisk& disk) { prune(hands_of(disk), "t", keep); }, check_store, seed);
    });
}

TEST_CASE("a repair cut at any step leaves every checkpoint whole", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        check_cuts_twice(
            with_four_checkpoints(), [](SimDisk& disk) { repair(hands_of(disk)); }, check_store, seed);
    });
}

}  // namespace ft::sim
