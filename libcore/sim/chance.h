// Seeded chance: the one source of every choice that a simulation makes. Equal seeds give equal choices, on every
// machine.
//
//     Chance chance(seed);
//     if (chance.one_in(4)) lose(write);
#pragma once

#include <cstdint>

namespace ft::sim {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    /// 0 to limit - 1; limit > 0.
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    bool percent(unsigned p) { return below(100) < p; }

private:
    std::uint64_t state_;
};

/// A seed for one of many things that all follow from `seed`.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t seed, std::uint64_t which) {
    return Chance(seed ^ (which * 0xd1342543de82ef95ULL + 0x2545f4914f6cdd1dULL)).next();
}

}  // namespace ft::sim
