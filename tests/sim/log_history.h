// The life of one log on a simulated disk: made, appended to, found again by the next process, while the power is cut,
// processes are killed and calls fail; and the oracle that watches it.
//
// Oracle: what an opening finds is what was acknowledged (by a sync, or by an earlier opening), then the first of what
// was written and not acknowledged: batch by batch, without gaps; what was written before a kill alone is all there.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/mistaken_log.h"

namespace ft::sim {

/// What befell it, so that a test can see that everything did.
struct LogBefell {
    std::uint64_t cuts = 0, kills = 0, failures = 0;
    std::uint64_t kept = 0;    ///< batches under way that turned out to be in
    std::uint64_t undone = 0;  ///< and those that did not
    std::uint64_t torn = 0;    ///< openings that met a torn end
    std::uint64_t unmade = 0;  ///< logs of which nothing was left
    std::uint64_t grown = 0;   ///< sessions after which the file was longer
};

struct LogLived {
    std::string complaint;  ///< "" where the oracle is content
    LogBefell befell;
};

[[nodiscard]] LogLived live_log(std::uint64_t seed, LogMistake mistake = LogMistake::none);

}  // namespace ft::sim
