// A command that is killed, a command that follows it, and a power cut while that one runs.
#pragma once

#include <cstdint>
#include <functional>

#include "libcore/sim/cuts.h"
#include "tests/sim/store_scene.h"

namespace ft::sim {

/// A command, as a process runs it.
using Act = std::function<void(Hands)>;

/// Kills the first command before each of its steps (its writes stay in the caches), runs the second, cuts the power
/// as the plan says (at steps of both), checks what is left. returns  how many disks were checked.
std::uint64_t for_every_kill_and_cut(const Act& first, const Act& second, const std::function<void(SimDisk&)>& check,
                                     const CutPlan& plan);

}  // namespace ft::sim
