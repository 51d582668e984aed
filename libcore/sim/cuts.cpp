#include "libcore/sim/cuts.h"

namespace ft::sim {

namespace {

/// The disk as one step found it.
struct Moment {
    std::uint64_t step = 0;
    Image image;
    std::string last_call;
};

/// Keeps the moments of a run, all or a fair sample (reservoir sampling: Vitter 1985, algorithm R).
class Recorder {
public:
    Recorder(SimDisk& disk, const CutPlan& plan) : disk_(disk), plan_(plan), chance_(mix(plan.seed, 1)) {}

    void look(std::uint64_t step) {
        if (plan_.step && *plan_.step != step) return;
        const std::uint64_t number = seen_++;
        if (!plan_.moments || moments_.size() < *plan_.moments) {
            moments_.push_back(now(step));
        } else if (const std::uint64_t place = chance_.below(number + 1); place < moments_.size()) {
            moments_[place] = now(step);
        }
    }
    [[nodiscard]] const std::vector<Moment>& moments() const { return moments_; }

private:
    [[nodiscard]] Moment now(std::uint64_t step) const {
        const std::vector<std::string>& calls = disk_.traced();
        // The call that is about to happen is traced already, except after the last.
        const std::size_t begun = step < disk_.steps() ? 0 : 1;
        return {step, disk_.image(), calls.size() > begun ? calls[calls.size() - 1 - begun] : "nothing"};
    }

    SimDisk& disk_;
    const CutPlan& plan_;
    Chance chance_;
    std::uint64_t seen_ = 0;
    std::vector<Moment> moments_;
};

constexpr std::chrono::nanoseconds reboot_time = std::chrono::seconds(5);

std::uint64_t check_moment(const Moment& moment, const Check& check, const CutPlan& plan) {
    const std::uint64_t ways = moment.image.state.settled() ? 1 : 2 + plan.survivals;
    for (std::uint64_t way = 0; way < ways; ++way) {
        const std::uint64_t survival = way < 2 ? way : mix(plan.seed, (moment.step << 16) + way) | 2;
        Image left{moment.image.state.after_power_cut(survival), moment.image.time + reboot_time,
                   moment.image.acknowledged};
        Rebooted disk(std::move(left), mix(plan.seed, moment.step), {moment.step, survival, moment.last_call});
        check(disk);
    }
    return ways;
}

}  // namespace

std::string Rebooted::story() const {
    return "power cut before step " + std::to_string(cut_.step) + ", after '" + cut_.call + "', survival seed " +
           std::to_string(cut_.survival);
}

CutCount for_every_cut(const Scenario& scenario, const Check& check, const CutPlan& plan) {
    SimDisk disk(plan.start, plan.seed);
    Recorder recorder(disk, plan);
    disk.trace(true);
    disk.before_step([&](std::uint64_t step) { recorder.look(step); });
    scenario(disk);
    recorder.look(disk.steps());
    CutCount count{disk.steps(), 0};
    for (const Moment& moment : recorder.moments()) count.disks += check_moment(moment, check, plan);
    return count;
}

Image prepared(const Scenario& scenario, std::uint64_t seed) {
    SimDisk disk(seed);
    scenario(disk);
    disk.root()->sync_file_system();
    return disk.image();
}

}  // namespace ft::sim
