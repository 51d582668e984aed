// Goal: no sync of a restore is there for nothing, and the tests of restores can fail: each one that is forgotten is
// found. Method: forget them one by one, by kind and place.
#include "tests/catch.h"
#include "tests/sim/destination_oracle.h"
#include "tests/sim/planted.h"

namespace ft::sim {

namespace {

/// How many syncs of a command fall to such a rule.
std::uint64_t count_of(const Image& start, const Act& act, Call call, const std::string& path) {
    SimDisk disk(start, 1);
    disk.fail(forgotten(call, path));
    act(hands_of(disk));
    return disk.faults_met();
}

/// Forgets each sync outside of the store, one after the other. returns  how many there are.
std::uint64_t check_each_sync(const Image& start, const Act& act,
                              const std::function<Complaints(SimDisk&)>& complaints) {
    std::uint64_t all = 0;
    for (const auto& [call, path] :
         {std::pair<Call, std::string>{Call::sync_all, "**"}, {Call::sync_dir, ""}, {Call::sync, ".dest.*"}}) {
        const std::uint64_t count = count_of(start, act, call, path);
        for (std::uint64_t n = 0; n < count; ++n) {
            INFO("forgotten: " << name_of(call) << " of '" << path << "', number " << n);
            CHECK(found_by_cuts(start, act, forgotten_once(call, path, n), complaints));
            ++all;
        }
    }
    return all;
}

}  // namespace

TEST_CASE("each forgotten sync of a restore to a new place is found", "[ckpt][sim]") {
    CHECK(check_each_sync(with_four_checkpoints(), make_new, complaints_after_make_new) == 2);
}

TEST_CASE("each forgotten sync of a restore that replaces is found", "[ckpt][sim]") {
    CHECK(check_each_sync(with_destination(), replace, complaints_after_replace) == 2);
    CHECK(check_each_sync(with_unfinished_destination(), replace, complaints_after_replace) == 3);
    const Act twice = [](Hands hands) {
        replace_and_keep({hands.disk, hands.root->find_dir("."), hands.clock});
        replace_again(std::move(hands));
    };
    CHECK(check_each_sync(with_destination(), twice, complaints_after_keep) == 5);
}

TEST_CASE("each forgotten sync of a restore that cannot keep the former tree is found", "[ckpt][sim]") {
    const Fault none_at_all = forgotten(Call::exchange, "no such place");
    for (const auto& [call, path] : {std::pair<Call, std::string>{Call::sync_all, "**"}, {Call::sync_dir, ""}})
        CHECK(
            found_by_cuts(with_destination(), replace_and_keep_in_vain, forgotten(call, path), complaints_after_vain));
    CHECK_FALSE(found_by_cuts(with_destination(), replace_and_keep_in_vain, none_at_all, complaints_after_vain));
}

TEST_CASE("each forgotten sync of a restore in place is found", "[ckpt][sim]") {
    const auto complaints = [](SimDisk& disk) {
        const Complaints about_mark = complaints_about_mark(disk);
        return about_mark.empty() ? complaints_after_make_equal(disk) : about_mark;
    };
    CHECK(check_each_sync(with_destination(), make_equal, complaints) == 4);
}

TEST_CASE("each forgotten sync of a restore that clears up after a killed one is found", "[ckpt][sim]") {
    const auto found = [](const Act& killed, const Fault& bug, const std::function<Complaints(SimDisk&)>& complaints) {
        return found_after_kill(with_destination(), killed, replace_again, bug, complaints);
    };
    // Before either tree loses anything; before the plan goes; before the next tree is built.
    CHECK(found(replace, forgotten_once(Call::sync_dir, "", 0), complaints_after_replace));
    CHECK(found(replace_and_keep, forgotten_once(Call::sync_dir, "", 1), complaints_after_keep));
    CHECK(found(replace_and_keep, forgotten_once(Call::sync, ".dest.ft-lock", 0), complaints_after_keep));
}

TEST_CASE("no forgotten sync, no complaint", "[ckpt][sim]") {
    const Fault none_at_all = forgotten(Call::exchange, "no such place");
    CHECK_FALSE(found_by_cuts(with_four_checkpoints(), make_new, none_at_all, complaints_after_make_new));
    CHECK_FALSE(found_by_cuts(with_destination(), replace_and_keep, none_at_all, complaints_after_keep));
    CHECK_FALSE(found_by_cuts(with_destination(), make_equal, none_at_all, complaints_after_make_equal));
    CHECK_FALSE(
        found_after_kill(with_destination(), replace_and_keep, replace_again, none_at_all, complaints_after_keep));
}

}  // namespace ft::sim
