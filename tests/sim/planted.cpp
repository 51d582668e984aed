#include "tests/sim/planted.h"

namespace ft::sim {

namespace {

/// Thrown by a check to end the search: the mistake was found.
struct Found {};

}  // namespace

Fault forgotten(Call call, const std::string& path) {
    return {.call = call, .path = path, .times = UINT64_MAX, .lie = true};
}

Fault forgotten_once(Call call, const std::string& path, std::uint64_t n) {
    return {.call = call, .path = path, .skip = n, .lie = true};
}

bool found_by_cuts(const Image& start, const Act& act, const Fault& bug,
                   const std::function<Complaints(SimDisk&)>& complaints) {
    const Scenario scenario = [&](SimDisk& disk) {
        disk.fail(bug);
        act(hands_of(disk));
    };
    const Check check = [&](Rebooted& disk) {
        if (!complaints(disk).empty()) throw Found{};
    };
    try {
        for (std::uint64_t seed = 1; seed <= 10; ++seed)
            for_every_cut(scenario, check, {.start = start, .seed = seed, .survivals = 6});
    } catch (const Found&) {
        return true;
    }
    return false;
}

bool found_after_kill(const Image& start, const Act& first, const Act& second, const Fault& bug,
                      const std::function<Complaints(SimDisk&)>& complaints) {
    const Act planted = [&](Hands hands) {
        hands.disk.fail(bug);
        second(std::move(hands));
    };
    const auto check = [&](SimDisk& disk) {
        if (!complaints(disk).empty()) throw Found{};
    };
    try {
        for (std::uint64_t seed = 1; seed <= 4; ++seed)
            for_every_kill_and_cut(first, planted, check, {.start = start, .seed = seed, .moments = 16});
    } catch (const Found&) {
        return true;
    }
    return false;
}

}  // namespace ft::sim
