// Goal: whenever the power fails, a save leaves every older checkpoint whole and at most one new one, also whole, and
// the next command works. Method: run once to count the disk's steps; then, for each step and seed, cut there, reboot,
// look (store_scene.h has the oracle).
#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

TEST_CASE("a save cut at any step leaves old checkpoints whole and at most one new", "[ckpt][sim]") {
    const auto twice = [](SimDisk& disk) {
        save(hands_of(disk), {"t", "src1"});
        save(hands_of(disk), {"t", "src2"});
    };
    for_every_seed(3, [&](std::uint64_t seed) {
        const CutCount count = for_every_told_cut(twice, check_store, {.start = sources(), .seed = seed});
        CHECK(count.steps > 20);
    });
}

}  // namespace ft::sim
