#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>

#include "libcore/base/failure.h"
#include "libcore/ckpt/reach.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/store/index_merge.h"
#include "libcore/store/pending.h"
#include "libcore/store/writer.h"

namespace ft::ckpt {
namespace {

// A pack is written anew when less than this share of its content is needed: below, copying costs more than the space
// is worth.
constexpr double rewrite_below = 0.66;

std::string name_below(const std::string& prefix, const store::CheckpointId& id) {
    return prefix + "/" + id.name + "/" + std::to_string(id.sequence);
}
std::string pin_name(const store::CheckpointId& id) { return name_below("pins", id); }
std::string manifest_name(const store::CheckpointId& id) { return name_below("checkpoints", id); }

/// Those that are not there are fine. Durable when it returns.
void remove_of_one_name(store::Store& store, const std::vector<store::CheckpointId>& ids) {
    store::Backend& backend = store.backend();
    const std::vector<std::uint64_t> live = store.sequences(ids.front().name);
    std::vector<std::string> names;
    for (const store::CheckpointId& id : ids) {
        names.push_back(manifest_name(id));
        names.push_back(pin_name(id));
        // Numbers are never used again: the last one leaves a trace before it goes.
        if (live.empty() || live.back() != id.sequence) continue;
        if (!backend.put_if_absent(name_below("removed", id), {})) backend.settle("removed/" + id.name);
    }
    backend.remove(names);
}

class Pruning {
public:
    Pruning(store::Store& store, const PruneRequest& request, Clock& clock, const Progress& progress)
        : store_(store),
          backend_(store.backend()),
          request_(request),
          clock_(clock),
          progress_(progress),
          start_(clock.monotonic()) {}

    PruneReport run() {
        const std::unique_ptr<store::Guard> maintaining = backend_.try_maintain();
        if (!maintaining)
            throw Failure({.what = "cannot prune",
                           .where = backend_.path(),
                           .why = "it is being maintained by " + backend_.maintainer(),
                           .todo = "try again when that has ended",
                           .exit = Exit::busy});
        choose_checkpoints();
        if (!request_.dry_run) {
            remove_chosen();
            backend_.sweep();
            drop_what_nothing_needs();
        }
        report_.seconds = ft::seconds(clock_.monotonic() - start_);
        return report_;
    }

private:
    void choose_checkpoints() {
        if (!request_.policy.any()) return;
        const std::vector<std::string> names =
            request_.policy.name ? std::vector{*request_.policy.name} : store_.names();
        for (const std::string& name : names) {
            std::vector<Candidate> candidates;
            for (const std::uint64_t sequence : store_.sequences(name)) {
                progress_.step();
                const store::CheckpointId id{name, sequence};
                const store::Manifest manifest = store_.manifest(id);
                candidates.push_back({id, manifest.finished, manifest.incomplete(), is_pinned(store_, id)});
            }
            for (Kept& kept : choose(candidates, request_.policy)) {
                report_.removed += kept.reason.empty() ? 1 : 0;
                report_.checkpoints.push_back(std::move(kept));
            }
        }
    }

    /// What is kept instead was only seen: it must be durable before what it replaces goes.
    void remove_chosen() {
        std::map<std::string, std::vector<store::CheckpointId>> going;
        for (const Kept& kept : report_.checkpoints)
            if (kept.reason.empty()) going[kept.id.name].push_back(kept.id);
        for (const auto& [name, ids] : going) {
            progress_.step();  // those of other names that are gone already stay so
            backend_.settle("checkpoints/" + name);
            remove_of_one_name(store_, ids);
        }
    }

    void drop_what_nothing_needs() {
        const std::unique_ptr<Reach> reached = walk_all();
        const Reach& reach = *reached;
        store::Index& index = store_.index();
        std::set<Digest> going = dead_packs(index, reach);
        const std::set<Digest> rewriting = half_empty_packs(index, reach);
        try {
            rewrite(index, reach, rewriting);
            going.insert(rewriting.begin(), rewriting.end());
            report_.packs_rewritten = rewriting.size();
            take_out(going);
        } catch (const Failure& f) {  // no byte free: what is wholly dead can go without writing one
            if (f.error() != ENOSPC && f.error() != EDQUOT) throw;
            report_.packs_rewritten = 0;
            take_out_without_writing(f);
        }
    }

    /// What all checkpoints need. They are listed before the index is loaded, so that it knows all that they name.
    std::unique_ptr<Reach> walk_all() {
        store_.use();
        const std::vector<std::string> prepared = store::pending(store_);  // first: these move to the others
        std::vector<store::CheckpointId> ids;
        for (const std::string& name : store_.names())
            for (const std::uint64_t sequence : store_.sequences(name)) ids.push_back({name, sequence});
        store_.reload_index();
        store_.index().require_lists();
        auto reach = std::make_unique<Reach>(store_, progress_);
        for (const store::CheckpointId& id : ids) {
            progress_.step();
            mark(id.text(), [&] { reach->add(store_.manifest(id)); });
        }
        for (const std::string& transaction : prepared)
            mark("pending/" + transaction, [&] {
                if (const auto manifest = store::find_pending(store_, transaction)) reach->add(*manifest);
            });
        return reach;
    }

    /// A checkpoint that is seen to be gone may come back after a power failure until that is durable (its rm or prune
    /// was killed): before that, nothing that it needs may go.
    void settle_removals() {
        for (const std::string& name : backend_.list("checkpoints")) backend_.settle("checkpoints/" + name);
        backend_.settle("pending");
    }

    static void mark(const std::string& id, const std::function<void()>& add) {
        try {
            add();
        } catch (const Failure& f) {
            if (f.exit() == Exit::no) return;  // removed meanwhile by 'rm'
            if (f.exit() != Exit::damage) throw;
            const bool is_pending = id.starts_with("pending/");
            const std::string give_up = is_pending ? "'ft2pc abort'" : "'ftckpt rm " + id + "'";
            throw f.within("cannot prune: " + id + " is damaged, and what it needs cannot be told")
                .advised("nothing was removed from the packs; 'ftckpt repair' may mend it, else " + give_up +
                         " gives it up");
        }
    }

    /// Packs of which nothing is needed, and those that no index names: their writers died, or are writing (then their
    /// guards hold them), or the index that named them is lost, which shows if something needed is in none.
    std::set<Digest> dead_packs(const store::Index& index, const Reach& reach) {
        std::set<Digest> dead;
        const std::vector<store::PackInfo> packs = index.packs();
        const std::vector<Reach::PackUse> use = reach.pack_use();
        std::set<Digest> indexed;
        for (std::size_t i = 0; i < packs.size(); ++i) {
            indexed.insert(packs[i].id);
            if (use[i].live_bytes == 0) dead.insert(packs[i].id);
        }
        report_.index_incomplete = reach.misses_chunks() || !index.damaged().empty();
        if (report_.index_incomplete) return dead;
        for (const std::string& shard : backend_.list("packs")) {
            progress_.step();
            for (const std::string& object : backend_.list("packs/" + shard))
                if (const auto id = Digest::from_hex(object); id && !indexed.contains(*id)) dead.insert(*id);
        }
        return dead;
    }

    static std::set<Digest> half_empty_packs(const store::Index& index, const Reach& reach) {
        std::set<Digest> found;
        const std::vector<store::PackInfo> packs = index.packs();
        const std::vector<Reach::PackUse> use = reach.pack_use();
        for (std::size_t i = 0; i < packs.size(); ++i) {
            const double share = static_cast<double>(use[i].live_bytes) /
                                 static_cast<double>(std::max<std::uint64_t>(1, use[i].all_bytes));
            if (use[i].live_bytes != 0 && share < rewrite_below) found.insert(packs[i].id);
        }
        return found;
    }

    /// Stores what is needed of these packs again, elsewhere.
    void rewrite(store::Index& index, const Reach& reach, const std::set<Digest>& packs) {
        if (packs.empty()) return;
        index.distrust({packs.begin(), packs.end()});
        store::Reader reader(store_);
        store::Writer writer(store_, {.level = 1, .threaded = request_.jobs != 0});
        store::Writer::Lane lane(writer);
        for (const Digest& id : packs) {
            const std::unique_ptr<store::Object> pack = backend_.find(store::pack_name(id));
            if (!pack) continue;
            for (const store::PackBlock& block : store::read_pack_table(*pack, id)) {
                progress_.step();
                for (const store::ChunkRef& chunk : block.chunks)
                    if (reach.needs(chunk.digest) && !writer.known(chunk))
                        (void)lane.add(chunk, reader.read(chunk).bytes);
            }
        }
        lane.flush();
        writer.finish();
    }

    /// Marks the packs, then removes all marked ones that nobody can need any more who came before their mark.
    void take_out(const std::set<Digest>& going) {
        if (!going.empty()) put_mark(going);
        std::set<Digest> ripe;
        std::vector<std::string> done;
        for (const std::string& mark : backend_.list("marks")) {
            if (mark.ends_with(store::guards_suffix)) continue;
            const std::vector<Digest> packs = read_list("marks/" + mark);
            if (is_awaited(mark)) {
                for (const Digest& pack : packs)
                    report_.bytes_waiting += backend_.size_of(store::pack_name(pack)).value_or(0);
                continue;
            }
            ripe.insert(packs.begin(), packs.end());
            done.push_back("marks/" + mark);
            done.push_back("marks/" + mark + std::string(store::guards_suffix));
        }
        if (done.empty()) return;
        // Checkpoints that were published between the walk and the mark may rely on marked packs.
        const std::unique_ptr<Reach> reach = walk_all();
        settle_removals();
        const std::set<Digest> dead = dead_packs(store_.index(), *reach);
        std::erase_if(ripe, [&](const Digest& pack) { return !dead.contains(pack) && !is_superseded(pack, *reach); });
        drop(ripe);
        backend_.discard(done);
    }

    /// The mark first, then the list of those who may have come before it: whoever comes later sees the mark. Nobody
    /// lives through a power failure, so they need not either.
    void put_mark(const std::set<Digest>& packs) {
        const std::string mark = "marks/" + clock_.random_uuid().hex();
        (void)backend_.post_if_absent(mark, store::encode_mark({packs.begin(), packs.end()}));
        (void)backend_.post_if_absent(mark + std::string(store::guards_suffix), store::encode_guards(other_guards()));
    }

    [[nodiscard]] std::vector<Digest> read_list(const std::string& mark) {
        const std::optional<Bytes> bytes = backend_.get(mark, store::list_limit);
        return bytes ? store::decode_mark(*bytes, mark) : std::vector<Digest>{};
    }

    /// Whether somebody who came before the mark is still at work.
    bool is_awaited(const std::string& mark) {
        const std::vector<std::string> living = other_guards();
        const std::optional<std::vector<std::string>> before = guards_before(mark);
        if (!before) return !living.empty();
        return std::any_of(before->begin(), before->end(), [&](const std::string& guard) {
            return std::find(living.begin(), living.end(), guard) != living.end();
        });
    }

    /// std::nullopt where it cannot be told: the prune that put the mark died before it had listed them, or the list is
    /// damaged.
    std::optional<std::vector<std::string>> guards_before(const std::string& mark) {
        const std::string name = "marks/" + mark + std::string(store::guards_suffix);
        try {
            const std::optional<Bytes> bytes = backend_.get(name, store::list_limit);
            return bytes ? std::optional(store::decode_guards(*bytes, name)) : std::nullopt;
        } catch (const Failure& f) {
            if (f.exit() != Exit::damage) throw;
            return std::nullopt;
        }
    }

    /// Whether everything needed of the pack is also elsewhere (it was rewritten).
    bool is_superseded(const Digest& id, const Reach& reach) {
        const std::unique_ptr<store::Object> pack = backend_.find(store::pack_name(id));
        if (!pack) return true;
        progress_.step();
        for (const store::PackBlock& block : store::read_pack_table(*pack, id))
            for (const store::ChunkRef& chunk : block.chunks)
                if (reach.needs(chunk.digest) && !store_.index().reliable(chunk)) return false;
        return true;
    }

    /// Index first, then packs: whoever finds a chunk in an index finds its pack.
    void drop(const std::set<Digest>& going) {
        store::Index& index = store_.index();
        const std::vector<const store::IndexSegment*> segments = index.segments();
        const bool listed = std::any_of(segments.begin(), segments.end(), [&](const store::IndexSegment* segment) {
            return std::any_of(segment->packs().begin(), segment->packs().end(),
                               [&](const store::PackInfo& p) { return going.contains(p.id); });
        });
        if (listed || segments.size() > 1) {
            const std::string merged =
                merge_segments(backend_, index, segments, {.without = going, .step = [this] { progress_.step(); }});
            std::vector<std::string> old;
            for (const store::IndexSegment* segment : segments)
                if (segment->name() != merged) old.push_back(segment->name());
            backend_.discard(old);
        }
        // Also what a prune that was cut off removed: an index that comes back would name packs that are gone.
        backend_.settle("index");
        remove_packs(going);
        store_.reload_index();
    }

    void remove_packs(const std::set<Digest>& packs) {
        std::vector<std::string> names;
        for (const Digest& pack : packs) {
            progress_.step();
            const std::string name = store::pack_name(pack);
            const std::optional<std::uint64_t> size = backend_.size_of(name);
            if (!size) continue;
            report_.bytes_freed += *size;
            ++report_.packs_removed;
            names.push_back(name);
        }
        backend_.discard(names);
    }

    /// With the gate closed and nobody inside, packs that no checkpoint needs can go although an index still names
    /// them: a pack that is missing counts as unknown. Then there is room for the index.
    void take_out_without_writing(const Failure& full) {
        const std::unique_ptr<store::Guard> gate = backend_.try_close_gate();
        if (!gate || !other_guards().empty())
            throw Failure({.what = "cannot prune",
                           .where = backend_.path(),
                           .why = full.parts().why + ", and a save or restore is running",
                           .todo = "try again when it has ended",
                           .error = full.error()});
        const std::unique_ptr<Reach> reach = walk_all();
        const std::set<Digest> dead = dead_packs(store_.index(), *reach);
        if (dead.empty()) throw full;
        settle_removals();
        remove_packs(dead);
        drop(dead);
    }

    std::vector<std::string> other_guards() {
        std::vector<std::string> others = backend_.living_guards();
        std::erase(others, store_.guard_id());
        return others;
    }

    store::Store& store_;
    store::Backend& backend_;
    const PruneRequest& request_;
    Clock& clock_;
    const Progress& progress_;
    std::chrono::nanoseconds start_;
    PruneReport report_;
};

}  // namespace

void remove_checkpoint(store::Store& store, const store::CheckpointId& id) {
    if (!store.backend().size_of(manifest_name(id)))
        throw Failure({.what = "no checkpoint '" + id.text() + "'", .where = store.backend().path(), .exit = Exit::no});
    remove_of_one_name(store, {id});
}

bool is_pinned(store::Store& store, const store::CheckpointId& id) {
    return store.backend().size_of(pin_name(id)).has_value();
}

bool pin(store::Store& store, const store::CheckpointId& id) {
    (void)store.manifest(id);
    store.backend().settle("checkpoints/" + id.name);  // what is to be kept was only seen
    if (store.backend().put_if_absent(pin_name(id), {})) return true;
    store.backend().settle("pins/" + id.name);
    return false;
}

bool unpin(store::Store& store, const store::CheckpointId& id) {
    const bool was = is_pinned(store, id);
    const std::string names[] = {pin_name(id)};
    store.backend().remove(names);
    if (!was) store.backend().settle("pins/" + id.name);
    return was;
}

PruneReport prune(store::Store& store, const PruneRequest& request, Clock& clock, Progress& progress) {
    return Pruning(store, request, clock, progress).run();
}

}  // namespace ft::ckpt
