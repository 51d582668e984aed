// How often to save: the interval that costs least work, given how long a save takes and how often the machine fails.
#pragma once

namespace ft::tools {

/// Daly's higher-order estimate of the optimum time between the end of a save and the start of the next.
///
/// save_s   C, seconds that a save takes, > 0.
/// mtbf_s   M, mean time between failures, > 0.
/// source   J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", FGCS 22 (2006),
///          eq. 37: sqrt(2CM) (1 + sqrt(C / 2M) / 3 + C / 18M) - C for C < 2M, else M.
[[nodiscard]] double daly_interval_s(double save_s, double mtbf_s);

}  // namespace ft::tools
