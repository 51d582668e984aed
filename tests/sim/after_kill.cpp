#include "tests/sim/after_kill.h"

#include "tests/catch.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

/// Runs the first command until it dies before that step; false where it ends before.
bool run_killed(SimDisk& disk, const Act& first, std::uint64_t step) {
    constexpr ProcessId victim = 7;
    disk.kill_at(victim, step);
    try {
        first({disk, disk.root(victim), disk.clock()});
    } catch (const Killed&) {
        return true;
    }
    return false;
}

}  // namespace

std::uint64_t for_every_kill_and_cut(const Act& first, const Act& second, const std::function<void(SimDisk&)>& check,
                                     const CutPlan& plan) {
    std::uint64_t disks = 0;
    CutPlan each = plan;
    bool killed = true;
    for (std::uint64_t step = 0; killed; ++step) {
        const auto scenario = [&](SimDisk& disk) {
            killed = run_killed(disk, first, step);
            second(hands_of(disk));
        };
        INFO("the first command was killed at its step " << step);
        each.seed = mix(plan.seed, step);
        disks += for_every_told_cut(scenario, check, each).disks;
    }
    return disks;
}

}  // namespace ft::sim
