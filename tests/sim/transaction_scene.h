// Whole transactions on a simulated disk, as the commands of ft2pc do them: a coordinator in "home", and files a and b
// in "site" that it replaces.
//
//     transact_at_once(hands_of(disk));                       // acknowledges "committed"
//     CHECK(complaints_about_transaction(disk) == none);      // after a power cut
#pragma once

#include "tests/sim/store_oracle.h"
#include "tests/sim/store_scene.h"

namespace ft::sim {

/// The folders, and what a and b hold and shall hold; everything durable.
[[nodiscard]] const Image& transaction_scene();

/// As `ft2pc run`: says "committing", acknowledges "committed".
void transact_at_once(Hands hands);
/// The same, with b replaced by the agent of another host, "far-home".
void transact_far(Hands hands);
void transact_far_and_abort(Hands hands);
/// As begin, add, add, prepare, commit, each a command of its own. Acknowledges "begun", "prepared", "committed".
void transact_in_steps(Hands hands);
/// As begin, add, prepare, abort. Acknowledges "prepared", "aborted".
void transact_and_abort(Hands hands);
/// As `ft2pc run` with a participant that says no. Acknowledges "aborted".
void transact_and_refuse(Hands hands);
/// As `ft2pc recover`, long after.
void recover(Hands hands);

/// What is wrong once all was recovered.
[[nodiscard]] Complaints complaints_about_transaction(SimDisk& disk);
/// The same where recovery came within the deadline, and what it left was committed by hand.
[[nodiscard]] Complaints complaints_if_committed(SimDisk& disk);

}  // namespace ft::sim
