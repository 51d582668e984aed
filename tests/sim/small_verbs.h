// Scenes with rm, pin, unpin and a verify that finds damage.
#pragma once

#include "tests/sim/after_kill.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

/// Four checkpoints, and t@3 is pinned.
[[nodiscard]] const Image& with_pin();
/// Four checkpoints and v@1 of src3, and every pack has a block that is damaged.
[[nodiscard]] const Image& with_rot();
/// Four checkpoints, and an index object that is damaged.
[[nodiscard]] const Image& with_rotten_index();

/// Four checkpoints, and more index objects than a save leaves as they are: one for each chunk.
[[nodiscard]] const Image& with_many_indexes();
/// Four checkpoints, and a list of damage that cannot be read.
[[nodiscard]] const Image& with_rotten_list();

extern const Act remove_first;  ///< t@1
extern const Act remove_last;   ///< t@3, unless that is gone
extern const Act save_tree;     ///< src2 as t
extern const Act save_u;        ///< src1 as u
extern const Act save_v;        ///< src3 as v
extern const Act prune_t;       ///< to one
extern const Act prune_u;       ///< to one
extern const Act pin, unpin;    ///< the newest t
extern const Act repair_store;
extern const Act verify_rot;  ///< tells "found damage" where verify has found and recorded it

/// After verify has told of damage, the next save relies on nothing that is damaged.
[[nodiscard]] Complaints complaints_about_healing(SimDisk& disk);
/// After repair_store has told that it is done, nothing is damaged, and a save is not refused.
[[nodiscard]] Complaints complaints_about_repair(SimDisk& disk);

}  // namespace ft::sim
