// The life of one replica on a simulated disk: commits of every kind, ended by power cuts, kills and failing calls,
// once rotten in one place, opened again and again; and the oracle that watches it.
//
// Oracle: what an opening finds is the last commit that was acknowledged (or was found by an opening before), or the
// one that was under way, with all of its keys, reservations and its promise. One rotten block is never damage:
// everything has two copies.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/mistaken_file.h"

namespace ft::sim {

/// What befell it, so that a test can see that everything did.
struct Befell {
    std::uint64_t cuts = 0, kills = 0, failures = 0, rots = 0;
    std::uint64_t kept = 0;    ///< commits under way that turned out to be in
    std::uint64_t undone = 0;  ///< and those that did not
    std::uint64_t cuts_in_opening = 0;
};

struct Lived {
    std::string complaint;  ///< "" where the oracle is content
    Befell befell;
};

[[nodiscard]] Lived live(std::uint64_t seed, Mistake mistake = Mistake::none);

}  // namespace ft::sim
