// Saves, prunes and restores on a simulated disk, as the programs do them, and the oracle for what must be left of
// them.
//
// A scene's disk holds the trees src1, src2, src3 (durable, partly alike) and the store in "store". Each checkpoint's
// origin names its tree, so that the oracle knows what it must hold.
//
//     save(disk, *disk.root(), disk.clock(), {"t", "src1"});   // acknowledges "saved t@1"
//     CHECK(complaints_about(disk) == none);                   // after a power cut (store_oracle.h)
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libcore/ckpt/restore.h"
#include "libcore/ckpt/save.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/sim/cuts.h"
#include "libcore/sim/world.h"
#include "libcore/store/store.h"

namespace ft::sim {

/// A program's hold on the disk: whose directory, whose clock.
struct Hands {
    SimDisk& disk;
    std::unique_ptr<io::Dir> root;
    Clock& clock;
};
[[nodiscard]] Hands hands_of(SimDisk& disk);
[[nodiscard]] Hands hands_of(World& world, Process& process);

/// The store as one program opens it.
struct OpenStore {
    std::unique_ptr<store::Backend> backend;
    store::Store store;
};
/// Makes it, durably, where it is missing.
[[nodiscard]] OpenStore open_store(Hands& hands);

struct What {
    std::string name, tree;
};

/// src1, src2 and src3.
[[nodiscard]] const Image& sources();
/// The same with checkpoints t@1 to t@3 (of src1, src2, src3) and u@1 (of src2), saved one after the other.
[[nodiscard]] const Image& with_four_checkpoints();

/// That, and "dest", restored from t@1.
[[nodiscard]] const Image& with_destination();

/// As `ftckpt save`. Acknowledges "saved NAME@SEQ".
void save(Hands hands, const What& what);
/// As `ftckpt prune NAME --keep N`. Says "pruning NAME N" before, and "pruned NAME@SEQ" of each that is gone after.
void prune(Hands hands, const std::string& name, std::uint64_t keep);
/// As `ftckpt rm NAME@SEQ`. Says "removing NAME@SEQ" before, "pruned NAME@SEQ" after.
void remove(Hands hands, const store::CheckpointId& id);
/// As `ftckpt pin` and `unpin` of the newest of a name. Acknowledges "pinned NAME@SEQ"; says "unpinning NAME@SEQ"
/// before, "unpinned NAME@SEQ" after.
void pin_newest(Hands hands, const std::string& name);
void unpin_newest(Hands hands, const std::string& name);
/// As `ftckpt repair`.
void repair(Hands hands);
/// As `ftckpt verify`; fails if it finds damage.
void verify(Hands hands);
/// As `ftrestore ID DEST [--replace [--keep-old NAME] | --in-place]`. Acknowledges "restored DEST ID".
void restore(Hands hands, const store::CheckpointId& id, const std::string& destination, ckpt::Placement placement,
             std::optional<std::string> keep_old = {});

/// Everything that can be told of a tree: kinds, modes, times, contents, links, attributes. "missing" where there is
/// none.
[[nodiscard]] std::string description_of(io::Dir& parent, const std::string& name);
/// What src1, src2 or src3 looks like.
[[nodiscard]] const std::string& expected_tree(const std::string& tree);

}  // namespace ft::sim
