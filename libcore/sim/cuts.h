// Cuts the power at every step of a scenario and hands what is left to a check.
//
// A scenario is deterministic and ends with the power cut, so it runs once: the disk is copied before each of its steps
// (a copy shares all content), and each copy loses its un-synced changes in several ways.
//
//     for_every_cut(save_twice, [](Rebooted& disk) { CHECK(checkpoints_of(disk).are_prefix_of({"t@1", "t@2"})); });
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libcore/sim/disk.h"

namespace ft::sim {

/// A disk after a power cut: nothing runs on it, everything on it is durable.
class Rebooted final : public SimDisk {
public:
    struct Cut {
        std::uint64_t step = 0;      ///< the power went before this step
        std::uint64_t survival = 0;  ///< seed of DiskState::after_power_cut
        std::string call;            ///< the last call before the cut
    };

    Rebooted(Image image, std::uint64_t seed, Cut cut) : SimDisk(std::move(image), seed), cut_(std::move(cut)) {}
    [[nodiscard]] const Cut& cut() const { return cut_; }
    /// For messages: "power cut before step 17, after 'write /store/packs/ab/x', survival seed 5".
    [[nodiscard]] std::string story() const;

private:
    Cut cut_;
};

struct CutPlan {
    Image start;             ///< the disk as the scenario finds it
    std::uint64_t seed = 1;  ///< of the scenario's clock and of all survivals
    unsigned survivals = 4;  ///< seeded ways to lose the un-synced changes of one moment, besides all and nothing
    std::optional<std::size_t> moments = {};  ///< cut at so many steps only, chosen by the seed
    std::optional<std::uint64_t> step = {};   ///< cut at this step only (to repeat a failure)
};

struct CutCount {
    std::uint64_t steps = 0;  ///< of the scenario
    std::uint64_t disks = 0;  ///< that were checked
};

using Scenario = std::function<void(SimDisk&)>;
using Check = std::function<void(Rebooted&)>;

/// Runs the scenario once, then the check on each disk that a power cut before any of its steps, or after the last, may
/// leave.
CutCount for_every_cut(const Scenario& scenario, const Check& check, const CutPlan& plan = {});

/// The disk that a scenario leaves when nobody disturbs it, with everything durable.
[[nodiscard]] Image prepared(const Scenario& scenario, std::uint64_t seed = 1);

}  // namespace ft::sim
