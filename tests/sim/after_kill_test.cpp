// Goal: a command that follows a killed one relies on nothing that is seen and not yet durable.
// Method: kill the first command at every step (its writes stay in the caches), run the second, cut the power at some
// of its steps.
#include "tests/sim/after_kill.h"
#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

namespace {

const Act save_tree = [](Hands hands) { save(std::move(hands), {"t", "src2"}); };
const Act save_second = [](Hands hands) { save(std::move(hands), {"u", "src1"}); };
const Act prune_first = [](Hands hands) { prune(std::move(hands), "u", 1); };
const Act prune_all_but_one = [](Hands hands) { prune(std::move(hands), "t", 1); };
const Act repair_store = [](Hands hands) { repair(std::move(hands)); };

/// returns  how many disks were checked.
std::uint64_t check_pair(const Image& start, const Act& first, const Act& second, std::uint64_t seed) {
    return for_every_kill_and_cut(first, second, check_store,
                                  {.start = start, .seed = seed, .survivals = 2, .moments = 8});
}

}  // namespace

TEST_CASE("a save after a killed save, cut", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        CHECK(check_pair(sources(), save_tree, save_tree, seed) > 200);
        CHECK(check_pair(with_four_checkpoints(), save_tree, save_tree, seed) > 200);
    });
}

TEST_CASE("a prune after a killed save, cut", "[ckpt][sim]") {
    for_every_seed(4, [](std::uint64_t seed) {
        CHECK(check_pair(with_four_checkpoints(), save_tree, prune_all_but_one, seed) > 200);
    });
}

TEST_CASE("a prune after a killed save keeps the one checkpoint that is durable", "[ckpt][sim]") {
    for_every_seed(4, [](std::uint64_t seed) {
        CHECK(check_pair(with_four_checkpoints(), save_second, prune_first, seed) > 200);
    });
}

TEST_CASE("a save or a prune after a killed prune, cut", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        CHECK(check_pair(with_four_checkpoints(), prune_all_but_one, save_tree, seed) > 200);
        CHECK(check_pair(with_four_checkpoints(), prune_all_but_one, prune_all_but_one, seed) > 200);
    });
}

TEST_CASE("a repair before or after a killed command, cut", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        CHECK(check_pair(with_four_checkpoints(), save_tree, repair_store, seed) > 200);
        CHECK(check_pair(with_four_checkpoints(), repair_store, save_tree, seed) > 100);
        CHECK(check_pair(with_four_checkpoints(), repair_store, repair_store, seed) > 100);
        CHECK(check_pair(with_four_checkpoints(), repair_store, prune_all_but_one, seed) > 100);
    });
}

}  // namespace ft::sim
