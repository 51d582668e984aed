// Goal: what rm, pin, unpin and a verify that finds damage have told is so after a power cut, also where they follow
// one of them that was killed. Method: as for saves and prunes: every step, several survivals; the oracle knows what
// was told.
#include "tests/catch.h"
#include "tests/sim/after_kill.h"
#include "tests/sim/seeds.h"
#include "tests/sim/small_verbs.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

namespace {

void check_pair(const Image& start, const Act& first, const Act& second, std::uint64_t seed) {
    CHECK(for_every_kill_and_cut(first, second, check_store,
                                 {.start = start, .seed = seed, .survivals = 2, .moments = 8}) > 20);
}

void check_twice(const Image& start, const Act& act, std::uint64_t seed) {
    check_cuts_twice(
        start, [&](SimDisk& disk) { act(hands_of(disk)); }, check_store, seed);
}

}  // namespace

TEST_CASE("rm, pin and unpin cut at any step", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        check_twice(with_four_checkpoints(), remove_last, seed);
        check_twice(with_four_checkpoints(), pin, seed);
        check_twice(with_pin(), unpin, seed);
    });
}

TEST_CASE("rm, pin and unpin after a killed command, cut", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        check_pair(with_four_checkpoints(), remove_last, remove_last, seed);
        check_pair(with_four_checkpoints(), remove_last, save_tree, seed);
        check_pair(with_four_checkpoints(), remove_first, prune_u, seed);
        check_pair(with_four_checkpoints(), pin, pin, seed);
        check_pair(with_four_checkpoints(), save_tree, pin, seed);
        check_pair(with_pin(), unpin, unpin, seed);
    });
}

TEST_CASE("what a verify has found damaged is stored again by the next save, cut", "[ckpt][sim]") {
    const auto check = [](SimDisk& disk) { CHECK(complaints_about_healing(disk) == none); };
    for_every_seed(2, [&](std::uint64_t seed) {
        for_every_told_cut([](SimDisk& disk) { verify_rot(hands_of(disk)); }, check,
                           {.start = with_rot(), .seed = seed});
        CHECK(for_every_kill_and_cut(verify_rot, verify_rot, check, {.start = with_rot(), .seed = seed}) > 20);
    });
}

}  // namespace ft::sim
