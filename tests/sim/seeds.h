// Which seeds a test runs, and how a failing one is repeated.
//
//   FT_SEED=n    this seed only       FT_SEEDS=n   so many instead of the test's own number
//   FT_LONG=1    ten times as many    FT_STEP=n    power cuts at this step only
//
//     for_every_seed(2000, [](std::uint64_t seed) { ... CHECK(...); });
//     for_every_told_cut(save_twice, [](Rebooted& disk) { ... }, {.start = image, .seed = seed});
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "libcore/sim/cuts.h"

namespace ft::sim {

/// The number in an environment variable.
[[nodiscard]] std::optional<std::uint64_t> number_in_environment(const char* variable);

/// How many seeds: FT_SEEDS, else `usual` (ten times that with FT_LONG); 1 with FT_SEED.
[[nodiscard]] std::uint64_t seed_count(std::uint64_t usual);

/// The command that runs the current test case with these settings ("FT_SEED=7") again.
[[nodiscard]] std::string repeat_command(const std::string& settings);

/// Runs `body` for FT_SEED, or for as many seeds as seed_count(usual) says. A failing one prints how to repeat it.
void for_every_seed(std::uint64_t usual, const std::function<void(std::uint64_t seed)>& body);

/// As sim::for_every_cut, telling which cut failed. For use within for_every_seed, which tells the seed.
CutCount for_every_told_cut(const Scenario& scenario, const Check& check, CutPlan plan = {});

/// Power cuts of the scenario at every step, then of the scenario done again on what each cut has left.
void check_cuts_twice(const Image& start, const Scenario& scenario, const Check& check, std::uint64_t seed);

}  // namespace ft::sim
