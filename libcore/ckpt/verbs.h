// The verbs that look at a store or tidy it: list, verify, diff, rm, pin, prune, repair. Requests in, reports out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/progress.h"
#include "libcore/io/dir.h"
#include "libcore/source/entry.h"
#include "libcore/store/store.h"

namespace ft::ckpt {

// ---- rm, pin

/// Takes a checkpoint out of the store's list; its space comes back with the next prune. Durable when it returns. fails
/// Exit::no where missing.
void remove_checkpoint(store::Store& store, const store::CheckpointId& id);
/// Prune spares a pinned checkpoint. returns  false where it was so already.
bool pin(store::Store& store, const store::CheckpointId& id);
bool unpin(store::Store& store, const store::CheckpointId& id);
[[nodiscard]] bool is_pinned(store::Store& store, const store::CheckpointId& id);

// ---- ls

/// Calls `each` for every entry (its first record) of the checkpoint at or below `path`, paths prefixed by the source's
/// label. Stops when `each` gives false. fails  Exit::no where there is no such path.
void list_entries(store::Store& store, const store::CheckpointId& id, const std::string& path,
                  const std::function<bool(const source::Entry&)>& each);

/// The name that one file (or another object that is no directory) had when it was saved alone; std::nullopt for any
/// other checkpoint.
[[nodiscard]] std::optional<std::string> name_of_file(store::Store& store, const store::CheckpointId& id);

// ---- cat

/// Sends the content of one regular file (or stream, by its label), verified. fails  Exit::no where there is no such
/// path.
void cat(store::Store& store, const store::CheckpointId& id, const std::string& path, unsigned jobs,
         const std::function<void(View)>& sink, Progress& progress);

// ---- verify

struct Damaged {
    std::string checkpoint;  ///< "job@7", or "" for an object that no checkpoint needs
    std::string path;        ///< of the entry, or of the object in the store
    std::string why;
};

struct VerifyReport {
    std::uint64_t checkpoints = 0, packs = 0, chunks = 0, bytes = 0;
    std::vector<Damaged> damaged;  ///< the first thousand
    std::uint64_t damaged_count = 0;
    double seconds = 0;
};

struct VerifyRequest {
    std::optional<std::string> name;                ///< all checkpoints of this name
    std::optional<store::CheckpointId> checkpoint;  ///< just this one
    bool quick = false;                             ///< everything but the content of data blocks
    unsigned jobs = 0;
};

/// Reads and checks; records damaged chunks in damage/, so that the next save stores them again. Damage is an answer,
/// not a Failure.
[[nodiscard]] VerifyReport verify(store::Store& store, const VerifyRequest& request, Clock& clock, Progress& progress);

// ---- prune

struct PrunePolicy {
    std::optional<std::string> name;  ///< absent: every name, each by itself
    std::uint64_t keep_last = 0;
    std::optional<std::chrono::seconds> keep_within;  ///< of the newest checkpoint of the name
    std::uint64_t keep_hourly = 0, keep_daily = 0, keep_weekly = 0, keep_monthly = 0;
    bool any() const {
        return keep_last != 0 || keep_within || keep_hourly != 0 || keep_daily != 0 || keep_weekly != 0 ||
               keep_monthly != 0;
    }
};

struct Kept {
    store::CheckpointId id;
    std::string reason;  ///< "last", "daily", "pinned", ... joined by ", "; empty: goes
};

struct PruneReport {
    std::vector<Kept> checkpoints;  ///< all that the policy looked at, oldest first
    std::uint64_t removed = 0;      ///< checkpoints
    std::uint64_t bytes_freed = 0;  ///< in the store
    std::uint64_t packs_removed = 0, packs_rewritten = 0;
    std::uint64_t bytes_waiting = 0;  ///< freed by a later prune, because a running save or restore may need them
    bool index_incomplete = false;    ///< packs that no index names were spared: repair first
    double seconds = 0;
};

struct PruneRequest {
    PrunePolicy policy;  ///< without any(): removes no checkpoint, only what no checkpoint needs
    bool dry_run = false;
    unsigned jobs = 0;
};

/// fails  Exit::busy where another maintains the store.
[[nodiscard]] PruneReport prune(store::Store& store, const PruneRequest& request, Clock& clock, Progress& progress);

/// Which of one name's checkpoints (ascending, with the end of their saves) a policy keeps, and why. Pure. Incomplete
/// ones never count towards what is kept, and are themselves kept only by keep_within or a pin.
struct Candidate {
    store::CheckpointId id;
    Time finished;
    bool incomplete = false;
    bool pinned = false;
};
[[nodiscard]] std::vector<Kept> choose(const std::vector<Candidate>& candidates, const PrunePolicy& policy);

// ---- repair

struct RepairReport {
    std::uint64_t indexes_rebuilt = 0;  ///< 1 if the index was written anew
    std::uint64_t packs = 0, packs_unreadable = 0;
    std::uint64_t lists_removed = 0;  ///< marks and lists of damage that could not be read
    std::vector<Damaged> lost;        ///< checkpoints that lost data, with the first path each
    std::uint64_t checkpoints_whole = 0;
    double seconds = 0;
};

/// Writes the index anew from the packs, removes unreadable index objects, marks and lists of damage, and says which
/// checkpoints lost data. fails  Exit::busy.
[[nodiscard]] RepairReport repair(store::Store& store, unsigned jobs, Clock& clock, Progress& progress);

// ---- diff

enum class Change : std::uint8_t { added, removed, content, attributes, kind };

struct Difference {
    Change change = Change::added;
    std::string path;
};

/// Who hears of differences, and can stop the search for more.
struct DiffListener {
    std::function<void(const Difference&)> each;
    const Progress& progress;
};

/// What differs from checkpoint a to checkpoint b, in path order.
void diff_checkpoints(store::Store& store, const store::CheckpointId& a, const store::CheckpointId& b,
                      const DiffListener& to);
/// What differs from the checkpoint to the tree that stands there now (content is read where times differ).
void diff_tree(store::Store& store, const store::CheckpointId& a, std::shared_ptr<io::Dir> parent,
               const std::string& name, unsigned jobs, const DiffListener& to);

}  // namespace ft::ckpt
