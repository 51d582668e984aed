// All that a dead service has left in a MariaDB database, found and aborted together: a few messages for many branches,
// where one branch alone takes a wait, a look at its witness and a forced write of the server's each.
//
// The sessions that may have prepared them are ended first (by the locks of take_lock_of), and the server is given the
// moment that it needs to let go. From then on nobody works for such a branch but who holds the ledger, so none of them
// needs another wait; whether all are really gone is seen afterwards, from their witnesses; and one commit after that
// makes all rollbacks durable.
#pragma once

#include <string>
#include <vector>

#include "libcore/twophase/mariadb_place.h"
#include "libcore/twophase/participant.h"

namespace ft::twophase {

/// As Kind::list. What it does not tell of is not prepared there, even after a crash of the server.
[[nodiscard]] Listed list_left(const MariaPlace& place, const std::string& prefix, const Surroundings& surroundings);
/// As Kind::abort_all.
[[nodiscard]] std::vector<Settled> abort_left(const MariaPlace& place, const std::vector<Branch>& branches,
                                              unsigned at_once, const Surroundings& surroundings);

}  // namespace ft::twophase
