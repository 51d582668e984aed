// Goal: the tests of programs beside each other can fail. Method: plant one mistake at a time (a lock that is not
// taken), run scenarios, stop at the first complaint. Forgotten syncs: planted_store_bugs_test,
// planted_restore_bugs_test.
#include "tests/catch.h"
#include "tests/sim/planted.h"
#include "tests/sim/small_verbs.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

namespace {

constexpr std::uint64_t seeds = 9000;  // that a search among processes may take

/// Seeds that it takes; `limit` where it is not found.
std::uint64_t seeds_until_found(const std::vector<Program>& programs, const Fault& bug, std::uint64_t limit) {
    for (std::uint64_t seed = 3; seed < limit;
         seed += 3)  // those that kill one and cut no power: locks are about the living
        if (!complaints_beside(with_four_checkpoints(), programs, seed, {bug}).empty()) return seed;
    return limit;
}

/// Whether runs of the programs beside each other bring a complaint with the bug, and as many without it bring none.
bool found_beside(const std::vector<Program>& programs, const Fault& bug) {
    const std::uint64_t seed = seeds_until_found(programs, bug, seeds);
    return seed < seeds && seeds_until_found(programs, {.call = Call::exchange, .path = "none"}, seed) == seed;
}

}  // namespace

TEST_CASE("each lock that is not taken is found", "[ckpt][sim]") {
    const Program restoring{"restore",
                            [](Hands hands) {
                                restore(std::move(hands), {"t", 1}, "dest", ckpt::Placement::fresh);
                            },
                            {Exit::no}};
    const Program pruning{"prune", prune_t, {Exit::busy}};
    const Program repairing{"repair", repair_store, {Exit::busy}};
    CHECK(found_beside({restoring, pruning}, forgotten(Call::lock, "store/guards/*")));
    CHECK(found_beside({repairing, pruning}, forgotten(Call::lock, "store/maintain")));
}

}  // namespace ft::sim
