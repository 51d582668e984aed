// To show that a test can fail: a mistake is planted, and some cut has to bring a complaint.
#pragma once

#include <functional>
#include <string>

#include "tests/sim/after_kill.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

/// A sync or lock that a program thinks it makes.
[[nodiscard]] Fault forgotten(Call call, const std::string& path);
/// The same, only the n-th (from 0) of that kind and place.
[[nodiscard]] Fault forgotten_once(Call call, const std::string& path, std::uint64_t n);

/// Whether cuts of the command, in which the bug is planted, bring a complaint.
[[nodiscard]] bool found_by_cuts(const Image& start, const Act& act, const Fault& bug,
                                 const std::function<Complaints(SimDisk&)>& complaints = complaints_about);
/// The same for a command that follows one that was killed at one of its steps; the bug is planted in the second.
[[nodiscard]] bool found_after_kill(const Image& start, const Act& first, const Act& second, const Fault& bug,
                                    const std::function<Complaints(SimDisk&)>& complaints = complaints_about);

}  // namespace ft::sim
