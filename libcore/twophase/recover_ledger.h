// Recovery of a ledger: what a dead `ft2pc serve` has left. Its commits are told; what it may have prepared beside them
// is looked for at all its places, and aborted.
#pragma once

#include "libcore/twophase/ledger.h"
#include "libcore/twophase/recover.h"

namespace ft::twophase {

/// What each of its transactions came to, and where a place cannot be asked a line for that, under the ledger's number.
/// A transaction that a person has to look at gets a journal of its own; others that cannot be ended stay for the next
/// recovery. live  where a process works with it.
[[nodiscard]] std::vector<Recovered> recover_ledger(Home& home, std::uint64_t number, const Makers& makers,
                                                    const Places& places, Clock& clock, const Progress& progress,
                                                    const Pace& pace, unsigned at_once);

}  // namespace ft::twophase
