// Goal: whenever the power fails or a restore is killed, the destination is what it was or what it was to be, and the
// next restore works at once (destination_oracle.h). Method: every step, several survivals, and the same again while
// the next restore runs: after the cut (nested), and after one that was killed.
#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/sim/destination_oracle.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using Oracle = std::function<Complaints(SimDisk&)>;

Scenario alone(const Act& act) {
    return [&act](SimDisk& disk) { act(hands_of(disk)); };
}

std::function<void(SimDisk&)> checked(const Oracle& complaints) {
    return [&complaints](SimDisk& disk) { CHECK(complaints(disk) == none); };
}

void check_twice(const Image& start, const Act& act, const Oracle& complaints, std::uint64_t seed) {
    check_cuts_twice(start, alone(act), checked(complaints), seed);
}

void check_once(const Image& start, const Act& act, const Oracle& complaints, std::uint64_t seed) {
    const CutCount count = for_every_told_cut(alone(act), checked(complaints), {.start = start, .seed = seed});
    CHECK(count.disks > count.steps);
}

/// Power cuts of a restore that follows one that was killed at any of its steps.
void check_after_kill(const Image& start, const Act& first, const Act& second, const Oracle& complaints,
                      std::uint64_t seed) {
    CHECK(for_every_kill_and_cut(first, second, checked(complaints),
                                 {.start = start, .seed = seed, .survivals = 2, .moments = 12}) > 400);
}

/// Fails each call once; what is left is checked at once and after a power cut.
void fail_each(const Image& start, const Act& act, const Oracle& complaints) {
    for (std::uint64_t number = 0;; ++number) {
        SimDisk disk(start, number);
        disk.fail({.skip = number, .error = EIO});
        std::string message;
        try {
            act(hands_of(disk));
        } catch (const Failure& failure) {
            message = failure.what();
        }
        INFO("call " << number << ": " << message);
        if (disk.faults_met() == 0) break;
        disk.clear_faults();
        SimDisk same(disk.image(), number);
        CHECK(complaints(same) == none);
        disk.power_cut(mix(number, 1));
        CHECK(complaints(disk) == none);
    }
}

}  // namespace

TEST_CASE("a restore cut at any step leaves the old tree or the new one", "[ckpt][sim]") {
    for_every_seed(2, [](std::uint64_t seed) {
        check_twice(with_destination(), replace, complaints_after_replace, seed);
        check_twice(with_unfinished_destination(), replace, complaints_after_replace, seed);
    });
}

TEST_CASE("a restore that keeps the old tree never loses it, cut at any step", "[ckpt][sim]") {
    for_every_seed(
        2, [](std::uint64_t seed) { check_once(with_destination(), replace_and_keep, complaints_after_keep, seed); });
}

TEST_CASE("a restore in place cut at any step is old, new or marked, and the next one ends it", "[ckpt][sim]") {
    for_every_seed(4, [](std::uint64_t seed) {
        check_twice(with_destination(), make_equal, complaints_after_make_equal, seed);
        check_once(with_destination(), make_equal, complaints_about_mark, seed);
    });
}

TEST_CASE("a restore into a new place cut at any step leaves nothing or the whole", "[ckpt][sim]") {
    for_every_seed(
        2, [](std::uint64_t seed) { check_twice(with_four_checkpoints(), make_new, complaints_after_make_new, seed); });
}

TEST_CASE("a restore after a killed one, cut", "[ckpt][sim]") {
    for_every_seed(1, [](std::uint64_t seed) {
        check_after_kill(with_destination(), replace, replace_again, complaints_after_replace, seed);
        check_after_kill(with_destination(), replace, make_equal_again, complaints_after_make_equal, seed);
        check_after_kill(with_destination(), make_equal, replace_again, complaints_after_replace, seed);
        check_after_kill(with_destination(), make_equal, make_equal_again, complaints_after_make_equal, seed);
        check_after_kill(with_four_checkpoints(), make_new, make_new, complaints_after_make_new, seed);
    });
}

TEST_CASE("a former tree that a killed restore was to keep is kept, cut", "[ckpt][sim]") {
    for_every_seed(1, [](std::uint64_t seed) {
        check_after_kill(with_destination(), replace_and_keep, replace_again, complaints_after_keep, seed);
        check_after_kill(with_destination(), replace_and_keep, make_equal_again, complaints_after_keep, seed);
    });
}

TEST_CASE("a restore of which any one call fails leaves the old tree or the new one", "[ckpt][sim]") {
    fail_each(with_destination(), replace, complaints_after_replace);
    fail_each(with_unfinished_destination(), replace, complaints_after_replace);
    fail_each(with_destination(), replace_and_keep, complaints_after_keep);
    fail_each(with_destination(), make_equal, complaints_after_make_equal);
    fail_each(with_four_checkpoints(), make_new, complaints_after_make_new);
}

}  // namespace ft::sim
