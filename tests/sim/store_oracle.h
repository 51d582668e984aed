// What must be left of a store and its checkpoints, whatever happened to the programs that used it.
//
// Every checkpoint that was acknowledged and not pruned is listed; each that is listed restores to exactly what its
// origin held; the store is sound; the next save works at once and takes a number that was never acknowledged before.
// What is not so is a complaint.
//
//     CHECK(complaints_about(disk) == none);
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/sim/cuts.h"
#include "tests/sim/store_scene.h"

namespace ft::sim {

using Complaints = std::vector<std::string>;
inline const Complaints none;

/// Of the whole store; the next save is made.
[[nodiscard]] Complaints complaints_about(SimDisk& disk);
/// CHECKs that there are none.
void check_store(SimDisk& disk);

/// Programs that run beside each other; what each may fail with.
struct Program {
    std::string name;
    std::function<void(Hands)> run;
    std::set<Exit> may_fail = {};
};

/// Runs them on a copy of `start` as the seed says, undisturbed, with one killed somewhere, or with the power cut
/// somewhere. rules   faults of the disk, and bugs planted in it.
[[nodiscard]] Complaints complaints_beside(const Image& start, const std::vector<Program>& programs, std::uint64_t seed,
                                           const std::vector<Fault>& rules = {});
/// CHECKs that there are none.
void run_beside(const Image& start, const std::vector<Program>& programs, std::uint64_t seed);

}  // namespace ft::sim
