// Coordinators of one counter that race: on one host and on several, with messages lost and late, killed anywhere.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/counter_world.h"

namespace ft::sim {

struct Race {
    unsigned coordinators = 3, deeds = 3, loss_percent = 10;
    bool several_hosts = true, kills = true, changes_members = false;
    Disguise disguise = {};          ///< of every replica: a planted mistake
    std::vector<Fault> faults = {};  ///< of the disk: others
};

/// The disk with a new counter of three replicas that a race begins with.
[[nodiscard]] const Image& race_image();
/// Runs it, and looks at the value once everybody has gone. returns  all that is wrong with what the users saw.
[[nodiscard]] std::vector<std::string> complaints_about_race(const Race& race, std::uint64_t seed);

}  // namespace ft::sim
