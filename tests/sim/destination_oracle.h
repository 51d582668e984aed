// What must stand at the destination "dest" of restores, and beside it, whatever happened to them.
//
// dest is whole: what was restored last, or, where that was not told, what was there before; only a restore in place
// may leave it otherwise, and then it is marked. The next restore works, and leaves nothing beside it but what was to
// be kept. What is not so is a complaint.
#pragma once

#include <optional>
#include <string>

#include "tests/sim/after_kill.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

/// As with_destination, but dest is as a killed restore in place has left it: marked, and like none of the checkpoints.
[[nodiscard]] const Image& with_unfinished_destination();

// The restores that the scenes are made of: of t@2, and of t@3 after that.
[[nodiscard]] Act restoring(std::uint64_t sequence, ckpt::Placement placement,
                            std::optional<std::string> keep_old = {});
extern const Act replace, replace_and_keep, make_equal, make_new, replace_again, make_equal_again;
/// replace_and_keep, while another process makes "kept" once the trees are exchanged: it tells "nothing changed".
extern const Act replace_and_keep_in_vain;

/// After replace and replace_again; after make_equal and make_equal_again; after make_new.
[[nodiscard]] Complaints complaints_after_replace(SimDisk& disk);
[[nodiscard]] Complaints complaints_after_make_equal(SimDisk& disk);
[[nodiscard]] Complaints complaints_after_make_new(SimDisk& disk);
/// After replace_and_keep: the former tree, src1's copy, is at its place or, at the latest after the next restore,
/// kept.
[[nodiscard]] Complaints complaints_after_keep(SimDisk& disk);
/// After replace_and_keep_in_vain: dest is src1's copy, or that lies beside it, and
/// no restore takes it away.
[[nodiscard]] Complaints complaints_after_vain(SimDisk& disk);
/// After make_equal alone, and everything else: what was told to be restored is not marked as unfinished.
[[nodiscard]] Complaints complaints_about_mark(SimDisk& disk);

}  // namespace ft::sim
