// Goal: the tests of this folder can fail: each of the mistakes that a store could make is found by one of its
// scenarios. Method: plant one mistake at a time (a sync that is forgotten, a lock that is not taken), run scenarios,
// stop at the first complaint.
#include "tests/catch.h"
#include "tests/sim/planted.h"
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

const auto first_save = [](Hands hands) { save(std::move(hands), {"t", "src1"}); };
const auto new_name = [](Hands hands) { save(std::move(hands), {"w", "src2"}); };
const auto prune_to_one = [](Hands hands) { prune(std::move(hands), "t", 1); };
const auto save_and_repair = [](Hands hands) {
    save({hands.disk, hands.root->find_dir("."), hands.clock}, {"t", "src1"});
    repair(std::move(hands));
};

}  // namespace

TEST_CASE("each forgotten sync of a save is found", "[ckpt][sim]") {
    const std::pair<Call, std::string> syncs[] = {
        {Call::sync, "store/packs/**"},           // the pack
        {Call::sync, "store/index/**"},           // the index object
        {Call::sync, "store/checkpoints/**"},     // the manifest
        {Call::sync, "store/(unnamed)"},          // the format object
        {Call::sync_dir, "store/packs/*"},        // the pack's name
        {Call::sync_dir, "store/packs"},          // the name of the pack's directory
        {Call::sync_dir, "store/index"},          // the index object's name
        {Call::sync_dir, "store/checkpoints/*"},  // the manifest's name
        {Call::sync_dir, "store/checkpoints"},    // the name of the manifest's directory
        {Call::sync_dir, "store"},                // the names of all of these directories, and of the format object
        {Call::sync_dir, ""},                     // the store's own name
    };
    for (const auto& [call, path] : syncs) {
        INFO("forgotten: " << name_of(call) << " of '" << path << "'");
        CHECK(found_by_cuts(sources(), first_save, forgotten(call, path)));
    }
}

TEST_CASE("each forgotten sync of a prune or repair is found", "[ckpt][sim]") {
    CHECK(found_by_cuts(with_four_checkpoints(), prune_to_one, forgotten(Call::sync_dir, "store/checkpoints/*")));
    CHECK(found_by_cuts(with_four_checkpoints(), prune_to_one, forgotten(Call::sync, "store/index/**")));
    CHECK(found_by_cuts(with_four_checkpoints(), prune_to_one, forgotten(Call::sync_dir, "store/index")));
    CHECK(found_by_cuts(with_four_checkpoints(), prune_to_one, forgotten(Call::sync, "store/packs/**")));
    CHECK(found_by_cuts(sources(), save_and_repair, forgotten(Call::sync_dir, "store/index")));
}

TEST_CASE("a save of a new name that forgets the name's directory is found", "[ckpt][sim]") {
    CHECK(found_by_cuts(with_four_checkpoints(), new_name, forgotten(Call::sync_dir, "store/checkpoints")));
}

TEST_CASE("each lock that is not taken is found", "[ckpt][sim]") {
    const Program restoring{"restore",
                            [](Hands hands) {
                                restore(std::move(hands), {"t", 1}, "dest", ckpt::Placement::fresh);
                            },
                            {Exit::no}};
    const Program pruning{"prune", prune_to_one, {Exit::busy}};
    const Program repairing{"repair", [](Hands hands) { repair(std::move(hands)); }, {Exit::busy}};
    CHECK(found_beside({restoring, pruning}, forgotten(Call::lock, "store/guards/*")));
    CHECK(found_beside({repairing, pruning}, forgotten(Call::lock, "store/maintain")));
}

}  // namespace ft::sim
