// Brings a checkpoint back: into a new directory, over an existing one, into a pipe, into shared memory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/progress.h"
#include "libcore/ckpt/report.h"
#include "libcore/source/tree_build.h"
#include "libcore/source/tree_remove.h"
#include "libcore/store/store.h"

namespace ft::ckpt {

struct RestoreRequest {
    store::CheckpointId checkpoint;
    unsigned jobs = 0;
    std::vector<std::string> only;  ///< globs; empty: everything
    source::TreeBuilder::Powers powers;
};

/// How a tree comes to stand at its destination.
enum class Placement { fresh, replace, in_place };

struct TreeDestination {
    io::Dir& parent;   ///< directory that holds (or will hold) the destination
    std::string name;  ///< the destination's name in it
    Placement placement = Placement::fresh;
    bool trust_times = false;             ///< in_place: what looks equal by size and mtime is not read
    std::optional<std::string> keep_old;  ///< replace: the former tree gets this name in `parent`
    /// Where the store that is read lies in the destination (own_store.h): in_place spares it, replace is refused.
    std::optional<source::ObjectId> own_store = std::nullopt;
};

/// Restores all trees (and files) of a checkpoint. The destination is absent or whole at every instant (fresh), old or
/// new (replace), or marked as unfinished beside it (in_place).
[[nodiscard]] RestoreReport restore_tree(store::Store& store, const RestoreRequest& request,
                                         const TreeDestination& destination, Clock& clock, Progress& progress);

/// Sends one stream (label "" where there is only one) to `sink`, in order, each byte verified before.
[[nodiscard]] RestoreReport restore_stream(store::Store& store, const RestoreRequest& request, const std::string& label,
                                           const std::function<void(View)>& sink, Clock& clock, Progress& progress);

}  // namespace ft::ckpt
