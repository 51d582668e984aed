// Goal: no sync of a store is there for nothing, and the tests of stores can fail: each one that is forgotten is found.
// Method: forget it in one place, cut the power: while the command runs alone, or after another that was killed and has
// left what is seen and not yet durable.
#include "tests/catch.h"
#include "tests/sim/planted.h"
#include "tests/sim/small_verbs.h"

namespace ft::sim {

namespace {

struct Sync {
    Call call;
    std::string path;
};

void check_each(const Image& start, const Act& act, const std::vector<Sync>& syncs,
                const std::function<Complaints(SimDisk&)>& complaints = complaints_about) {
    for (const Sync& sync : syncs) {
        INFO("forgotten: " << name_of(sync.call) << " of '" << sync.path << "'");
        CHECK(found_by_cuts(start, act, forgotten(sync.call, sync.path), complaints));
    }
}

/// A command that forgets; what it calls after that, like the oracle, does not.
Act forgetting(const Act& act, const Fault& bug, const Act& then) {
    return [=](Hands hands) {
        hands.disk.fail(bug);
        act({hands.disk, hands.root->find_dir("."), hands.clock});
        hands.disk.clear_faults();
        then(std::move(hands));
    };
}

const Fault no_bug = forgotten(Call::exchange, "no such place");

}  // namespace

TEST_CASE("each forgotten sync of a save is found", "[ckpt][sim]") {
    check_each(sources(), save_tree,
               {
                   {Call::sync, "store/packs/**"},           // the pack
                   {Call::sync, "store/index/**"},           // the index object
                   {Call::sync, "store/checkpoints/**"},     // the manifest
                   {Call::sync, "store/(unnamed)"},          // the format object
                   {Call::sync_dir, "store/packs/*"},        // the pack's name
                   {Call::sync_dir, "store/packs"},          // the name of the pack's directory
                   {Call::sync_dir, "store/index"},          // the index object's name
                   {Call::sync_dir, "store/checkpoints/*"},  // the manifest's name
                   {Call::sync_dir, "store/checkpoints"},    // the name of the manifest's directory
                   {Call::sync_dir, "store"},  // the names of all of these directories, and of the format object
                   {Call::sync_dir, ""},       // the store's own name
               });
    check_each(with_four_checkpoints(), save_v, {{Call::sync_dir, "store/checkpoints"}});
}

TEST_CASE("each sync that a save forgets after a killed command is found", "[ckpt][sim]") {
    const auto found = [](const Image& start, const Act& killed, const std::string& path) {
        return found_after_kill(start, killed, save_tree, forgotten(Call::sync_dir, path));
    };
    CHECK(found(sources(), save_tree, "store"));          // made, and found empty
    CHECK(found(sources(), save_tree, "store/packs/*"));  // a pack that no index names
    CHECK(found(sources(), save_tree, "store/index"));    // an index object of which everything is used
    CHECK_FALSE(found_after_kill(sources(), save_tree, save_tree, no_bug));
}

TEST_CASE("each forgotten sync of a save that merges indexes is found", "[ckpt][sim]") {
    // It has nothing new to store: the index object is the merged one.
    check_each(with_many_indexes(), save_v, {{Call::sync, "store/index/**"}, {Call::sync_dir, "store/index"}});
    CHECK_FALSE(found_by_cuts(with_many_indexes(), save_v, no_bug, complaints_about));
}

TEST_CASE("each forgotten sync of rm, pin and unpin is found", "[ckpt][sim]") {
    check_each(with_four_checkpoints(), remove_last,
               {{Call::sync_dir, "store/removed/*"},
                {Call::sync_dir, "store/removed"},
                {Call::sync_dir, "store"},
                {Call::sync_dir, "store/checkpoints/*"}});
    check_each(with_four_checkpoints(), pin,
               {{Call::sync_dir, "store/pins/*"}, {Call::sync_dir, "store/pins"}, {Call::sync_dir, "store"}});
    check_each(with_pin(), unpin, {{Call::sync_dir, "store/pins/*"}});
    struct AfterKill {
        const Image& start;
        Act killed, act;
        std::string path;
    };
    for (const auto& [start, killed, act, path] :
         {AfterKill{with_four_checkpoints(), remove_last, remove_last, "store/removed/*"},
          {with_four_checkpoints(), save_tree, pin, "store/checkpoints/*"},
          {with_four_checkpoints(), pin, pin, "store/pins/*"},
          {with_pin(), unpin, unpin, "store/pins/*"}}) {
        INFO("after a killed command: " << path);
        CHECK(found_after_kill(start, killed, act, forgotten(Call::sync_dir, path)));
        CHECK_FALSE(found_after_kill(start, killed, act, no_bug));
    }
}

TEST_CASE("each forgotten sync of a prune is found", "[ckpt][sim]") {
    check_each(with_four_checkpoints(), prune_t,
               {{Call::sync_dir, "store/checkpoints/*"},
                {Call::sync, "store/packs/**"},
                {Call::sync_dir, "store/packs/*"},
                {Call::sync, "store/index/**"},
                {Call::sync_dir, "store/index"},
                {Call::sync, "store/marks/**"}});
    const auto found = [](const Act& killed, const Act& act, const Fault& bug) {
        return found_after_kill(with_four_checkpoints(), killed, act, bug);
    };
    // What is kept instead; what an rm has let go.
    CHECK(found(save_u, prune_u, forgotten_once(Call::sync_dir, "store/checkpoints/u", 0)));
    CHECK(found(remove_last, prune_u, forgotten(Call::sync_dir, "store/checkpoints/t")));
    CHECK_FALSE(found(remove_last, prune_u, no_bug));
    CHECK_FALSE(found(save_u, prune_u, no_bug));
    // What it says is gone, where somebody who is at work keeps it from taking packs away.
    const Act prune_beside = [](Hands hands) {
        Hands other{hands.disk, hands.disk.root(9), hands.clock};
        OpenStore open = open_store(other);
        open.store.use();
        prune_t(std::move(hands));
    };
    const Fault gone = forgotten_once(Call::sync_dir, "store/checkpoints/t", 1);
    CHECK(found_by_cuts(with_four_checkpoints(), prune_beside, gone, complaints_about));
    CHECK_FALSE(found_by_cuts(with_four_checkpoints(), prune_beside, no_bug, complaints_about));
}

TEST_CASE("each forgotten sync of a repair is found", "[ckpt][sim]") {
    check_each(with_four_checkpoints(), repair_store, {{Call::sync, "store/index/**"}});
    check_each(with_rotten_index(), repair_store, {{Call::sync_dir, "store/index"}}, complaints_about_repair);
    // The new index, before the old ones go.
    const Fault first = forgotten_once(Call::sync_dir, "store/index", 0);
    CHECK(found_by_cuts(with_four_checkpoints(), repair_store, first, complaints_about));
    CHECK_FALSE(found_by_cuts(with_rotten_index(), repair_store, no_bug, complaints_about_repair));
    // The same where a killed repair has put that very index, and it is only seen.
    CHECK(found_after_kill(with_four_checkpoints(), repair_store, repair_store, first));
    CHECK_FALSE(found_after_kill(with_four_checkpoints(), repair_store, repair_store, no_bug));
    // What could not be read is gone for good.
    check_each(with_rotten_list(), repair_store, {{Call::sync_dir, "store/damage"}}, complaints_about_repair);
    CHECK_FALSE(found_by_cuts(with_rotten_list(), repair_store, no_bug, complaints_about_repair));
    // A pack that a killed save has left, and that a save after the repair relies on.
    const Fault bug = forgotten(Call::sync_dir, "store/packs/*");
    const auto check = [](const Act& act) { return found_after_kill(sources(), save_tree, act, no_bug); };
    CHECK(check(forgetting(repair_store, bug, save_tree)));
    CHECK_FALSE(check(forgetting(repair_store, no_bug, save_tree)));
}

TEST_CASE("each forgotten sync of a verify that finds damage is found", "[ckpt][sim]") {
    check_each(with_rot(), verify_rot,
               {{Call::sync, "store/damage/**"}, {Call::sync_dir, "store/damage"}, {Call::sync_dir, "store"}},
               complaints_about_healing);
    const auto found = [](const Fault& bug) {
        return found_after_kill(with_rot(), verify_rot, verify_rot, bug, complaints_about_healing);
    };
    CHECK(found(forgotten(Call::sync_dir, "store/damage")));
    CHECK_FALSE(found(no_bug));
}

}  // namespace ft::sim
