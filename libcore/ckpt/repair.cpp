#include <set>

#include "libcore/base/failure.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/store/index.h"
#include "libcore/store/index_merge.h"
#include "libcore/store/pack.h"

namespace ft::ckpt {
namespace {

class Repairing {
public:
    Repairing(store::Store& store, unsigned jobs, Clock& clock, Progress& progress)
        : store_(store),
          backend_(store.backend()),
          jobs_(jobs),
          clock_(clock),
          progress_(progress),
          start_(clock.monotonic()) {}

    RepairReport run() {
        const std::unique_ptr<store::Guard> maintaining = backend_.try_maintain();
        if (!maintaining)
            throw Failure({.what = "cannot repair",
                           .where = backend_.path(),
                           .why = "it is being maintained by " + backend_.maintainer(),
                           .todo = "try again when that has ended",
                           .exit = Exit::busy});
        backend_.sweep();
        rebuild_index();
        remove_unreadable_lists();
        report_what_is_lost();
        report_.seconds = ft::seconds(clock_.monotonic() - start_);
        return std::move(report_);
    }

private:
    /// One new index object per so many packs, put before the old ones go: at every instant all sound packs are in some
    /// index.
    void rebuild_index() {
        const std::vector<std::string> old = backend_.list("index");
        std::vector<store::PackInfo> packs;
        std::vector<store::IndexEntry> entries;
        std::set<std::string> fresh;
        const auto put = [&] {
            if (entries.empty()) return;
            fresh.insert(put_sorted(packs, entries));
            packs.clear();
            entries.clear();
        };
        for (const std::string& shard : backend_.list("packs")) {
            const std::vector<std::string> objects = backend_.list("packs/" + shard);
            backend_.settle("packs/" + shard);  // what an index names is durable
            for (const std::string& object : objects) {
                progress_.step();
                add_pack(shard, object, packs, entries);
                if (entries.size() >= entries_in_memory) put();
            }
        }
        put();
        std::vector<std::string> gone;
        for (const std::string& name : old)
            if (!fresh.contains("index/" + name)) gone.push_back("index/" + name);
        backend_.remove(gone);
        report_.indexes_rebuilt = fresh.size();
        store_.reload_index();
    }

    /// Verify finds again what a list of damage said, and prune marks again what is to go: only prunes take packs away,
    /// and none runs now.
    void remove_unreadable_lists() {
        std::vector<std::string> gone = store_.index().damaged_lists();
        report_.lists_removed = gone.size();
        for (std::size_t i = 0; i < report_.lists_removed; ++i)
            gone.push_back(gone[i] + std::string(store::guards_suffix));
        backend_.remove(gone);
        store_.reload_index();
    }

    void add_pack(const std::string& shard, const std::string& object, std::vector<store::PackInfo>& packs,
                  std::vector<store::IndexEntry>& entries) {
        const std::optional<Digest> id = Digest::from_hex(object);
        if (!id) return;
        const std::unique_ptr<store::Object> pack = backend_.find("packs/" + shard + "/" + object);
        if (!pack) return;
        try {
            store::append_entries(entries, read_pack_table(*pack, *id), static_cast<std::uint32_t>(packs.size()));
            packs.push_back({*id, pack->size()});
            ++report_.packs;
        } catch (const Failure& f) {  // damage is what is repaired here; what a disk cannot read now it may read later
            if (f.exit() != Exit::damage || f.error() == EIO) throw;
            ++report_.packs_unreadable;
        }
    }

    std::string put_sorted(const std::vector<store::PackInfo>& packs, std::vector<store::IndexEntry>& entries) {
        store::IndexBuilder builder(backend_, packs);
        store::sort_entries(entries);
        for (const store::IndexEntry& entry : entries) builder.add(entry.digest, entry.place);
        return builder.finish();
    }

    void report_what_is_lost() {
        std::set<std::string> lost;
        const VerifyReport found = verify(store_, {.quick = true, .jobs = jobs_}, clock_, progress_);
        for (const Damaged& one : found.damaged)
            if (!one.checkpoint.empty() && lost.insert(one.checkpoint).second) report_.lost.push_back(one);
        report_.checkpoints_whole = found.checkpoints - lost.size();
    }

    static constexpr std::size_t entries_in_memory = 1U << 20;
    store::Store& store_;
    store::Backend& backend_;
    unsigned jobs_;
    Clock& clock_;
    Progress& progress_;
    std::chrono::nanoseconds start_;
    RepairReport report_;
};

}  // namespace

RepairReport repair(store::Store& store, unsigned jobs, Clock& clock, Progress& progress) {
    return Repairing(store, jobs, clock, progress).run();
}

}  // namespace ft::ckpt
