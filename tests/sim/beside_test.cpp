// Goal: programs that use one store at the same time lose nothing, whatever their order, a kill of one of them, or a
// power cut. Method: simulated processes that take turns as the seed says (store_scene.h); then the oracle.
#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/small_verbs.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

namespace {

Program saving(const std::string& name, const std::string& tree) {
    return {"save " + name, [=](Hands hands) { save(std::move(hands), {name, tree}); }};
}
Program pruning(std::uint64_t keep) {
    return {"prune", [=](Hands hands) { prune(std::move(hands), "t", keep); }, {Exit::busy}};
}
Program repairing() {
    return {"repair", [](Hands hands) { repair(std::move(hands)); }, {Exit::busy}};
}
Program restoring(std::uint64_t sequence) {
    return {"restore",
            [=](Hands hands) {
                restore(std::move(hands), {"t", sequence}, "dest", ckpt::Placement::fresh);
            },
            {Exit::no}};
}

}  // namespace

TEST_CASE("two saves into a store that neither finds made both succeed", "[ckpt][sim]") {
    for_every_seed(2000, [](std::uint64_t seed) {
        run_beside(sources(), {saving("t", "src1"), saving("u", "src2")}, seed);
    });
}

TEST_CASE("saves of one name at once get numbers of their own", "[ckpt][sim]") {
    for_every_seed(2000, [](std::uint64_t seed) {
        run_beside(with_four_checkpoints(), {saving("t", "src1"), saving("t", "src2"), saving("t", "src3")}, seed);
    });
}

TEST_CASE("a save beside a prune relies on nothing that goes", "[ckpt][sim]") {
    for_every_seed(4000, [](std::uint64_t seed) {
        run_beside(with_four_checkpoints(), {saving("t", "src2"), pruning(1 + seed % 2)}, seed);
    });
}

TEST_CASE("a prune beside a save of the same name never leaves the name without a checkpoint", "[ckpt][sim]") {
    const Program pruning_u{"prune u", [](Hands hands) { prune(std::move(hands), "u", 1); }};
    for_every_seed(2000, [&](std::uint64_t seed) {
        run_beside(with_four_checkpoints(), {saving("u", "src1"), pruning_u}, seed);
    });
}

TEST_CASE("saves, a restore and prunes at once", "[ckpt][sim]") {
    for_every_seed(2000, [](std::uint64_t seed) {
        run_beside(with_four_checkpoints(),
                   {saving("t", "src1"), saving("v", "src2"), pruning(1), restoring(2), pruning(1)}, seed);
    });
}

TEST_CASE("saves that merge indexes, and a prune, at once", "[ckpt][sim]") {
    for_every_seed(500, [](std::uint64_t seed) {
        run_beside(with_many_indexes(), {saving("t", "src1"), saving("v", "src2"), pruning(1)}, seed);
    });
}

TEST_CASE("a save beside a repair and a prune", "[ckpt][sim]") {
    for_every_seed(2000, [](std::uint64_t seed) {
        run_beside(with_four_checkpoints(), {saving("t", "src2"), repairing(), pruning(1)}, seed);
    });
}

TEST_CASE("a verify beside saves and a prune finds no damage where there is none", "[ckpt][sim]") {
    const Program verifying{"verify", [](Hands hands) { verify(std::move(hands)); }};
    for_every_seed(1000, [&](std::uint64_t seed) {
        run_beside(with_four_checkpoints(), {saving("t", "src1"), verifying, saving("v", "src2")}, seed);
        run_beside(with_four_checkpoints(), {pruning(1), verifying, restoring(1)}, seed);
    });
}

}  // namespace ft::sim
