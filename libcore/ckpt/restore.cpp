#include "libcore/ckpt/restore.h"

#include <algorithm>
#include <map>
#include <memory>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/beside.h"
#include "libcore/ckpt/place.h"
#include "libcore/ckpt/restore_tree.h"
#include "libcore/ckpt/send.h"
#include "libcore/io/posix.h"
#include "libcore/source/tree_remove.h"
#include "libcore/source/tree_walk.h"
#include "libcore/store/reader.h"

namespace ft::ckpt {
namespace {

bool is_empty_dir(io::Dir& parent, const std::string& name) {
    const std::unique_ptr<io::Dir> dir = parent.find_dir(name);
    return dir && dir->list().empty();
}

class Restoring {
public:
    Restoring(store::Store& store, const RestoreRequest& request, const TreeDestination& to, Clock& clock,
              Progress& progress)
        : store_(store),
          request_(request),
          to_(to),
          placement_(to.placement),
          clock_(clock),
          progress_(progress),
          start_(clock.monotonic()),
          written_(to.parent, request.jobs != 0) {}

    RestoreReport run() {
        store_.index();  // from here on what the checkpoint needs is not removed
        manifest_ = store_.manifest(request_.checkpoint);
        report_ = {.name = manifest_.name,
                   .sequence = manifest_.sequence,
                   .saved_at = manifest_.finished,
                   .destination = to_.parent.path() + "/" + to_.name};
        find_trees();
        check_destination();
        Beside beside(to_.parent, to_.name);
        try {
            beside.sweep();
            placement_ == Placement::in_place ? change_in_place(beside) : build(beside);
        } catch (const Failure& f) {  // what stands there now is said, unless nothing changed
            const bool stays = !beside.try_clean(built_) && !built_.empty();
            throw f.advised(stays ? "what was begun stays in " + path(built_) : state_);
        }
        beside.release();
        report_.bytes_written = written_.written();
        report_.files_kept = counters_.files_kept;
        report_.removed = counters_.removed;
        report_.load_s = seconds(clock_.monotonic() - start_);
        report_.notes = notes_.take();
        return report_;
    }

private:
    void find_trees() {
        for (const store::SourceRecord& source : manifest_.sources) {
            if (source.type != store::SourceType::tree) continue;
            trees_.push_back(&source);
            progress_.total_items += source.entry_count;
            progress_.total_bytes += source.content_bytes;
        }
        if (trees_.empty())
            throw Failure(
                {.what = "cannot restore " + request_.checkpoint.text() + " to a path",
                 .why = "it holds no tree",
                 .todo = "use 'ftrestore " + request_.checkpoint.text() + " -' for its stream, --shm for its segment",
                 .exit = Exit::no});
    }

    void check_destination() {
        const std::optional<io::Stat> there = to_.parent.stat(to_.name);
        if (!there || placement_ == Placement::in_place) return;
        if (placement_ == Placement::replace && there->kind == io::Kind::dir) require_replaceable();
        const bool empty = there->kind == io::Kind::dir && is_empty_dir(to_.parent, to_.name);
        if (there->mount_point) {  // nothing can be renamed over it
            if (!empty)
                throw Failure({.what = "cannot replace",
                               .where = report_.destination,
                               .why = "it is a mount point",
                               .todo = "nothing changed; use --in-place"});
            placement_ = Placement::in_place;
            return;
        }
        if (empty || placement_ == Placement::replace) return;
        throw Failure({.what = "cannot restore to",
                       .where = report_.destination,
                       .why = "it exists",
                       .todo = "nothing changed; use --replace to exchange it or --in-place to make it equal"});
    }

    /// An exchange would carry off what only lies in the destination's tree by its name.
    void require_replaceable() const {
        const std::vector<std::string> mounted = io::mounts_below(to_.parent, to_.name);
        if (mounted.empty() && !to_.own_store) return;
        throw Failure(
            {.what = "cannot replace",
             .where = report_.destination,
             .why = mounted.empty() ? "the store lies in it" : printable(mounted.front()) + " is mounted in it",
             .todo = "nothing changed; use --in-place"});
    }

    // ---- fresh and replace: built beside the destination

    void build(Beside& beside) {
        if (to_.keep_old && to_.parent.stat(*to_.keep_old)) throw name_is_taken();
        store::Reader reader(store_);
        const std::unique_ptr<Placer> placer =
            fresh_placer({request_.checkpoint.text(), reader, request_.powers, notes_, progress_, counters_, written_});
        built_ = beside.fresh();
        if (request_.only.empty()) written_.expect(progress_.total_bytes);
        place(reader, *placer, built_);
        publish(beside);
    }

    [[nodiscard]] Failure name_is_taken() const {
        return Failure({.what = "cannot keep the former tree",
                        .where = path(*to_.keep_old),
                        .why = "the name is taken",
                        .todo = "nothing changed; name another with --keep-old"});
    }

    void place(store::Reader& reader, Placer& placer, const std::string& name) {
        // Borrowed: the destination's parent outlives the restore.
        std::shared_ptr<io::Dir> parent(&to_.parent, [](io::Dir*) {});
        std::shared_ptr<io::Dir> holder;
        if (trees_.size() > 1 || !trees_.front()->label.empty()) parent = holder = placer.dir(to_.parent, name, {});
        for (const store::SourceRecord* source : trees_) {
            if (holder) placer.expect(*holder, source->label);
            const TreeJob job{*source, request_.checkpoint.text(), request_.only, request_.jobs};
            const Totals totals = place_tree(job, reader, placer, parent, holder ? source->label : name, progress_);
            report_.totals.entries += totals.entries;
            report_.totals.files += totals.files;
            report_.totals.bytes += totals.bytes;
            report_.totals.changed += totals.changed;
        }
        if (holder) placer.finish_dir(*holder, holder_entry());
        written_.end();
    }

    [[nodiscard]] std::string path(const std::string& name) const { return io::join_path(to_.parent.path(), name); }

    /// The directory made to hold several sources.
    [[nodiscard]] source::Entry holder_entry() const {
        source::Entry entry;
        entry.kind = io::Kind::dir;
        entry.mode = 0755;
        entry.uid = request_.powers.uid;
        entry.gid = request_.powers.gid;
        entry.mtime = manifest_.finished;
        return entry;
    }

    void publish(Beside& beside) {
        if (to_.keep_old) beside.plan_to_keep(*to_.keep_old);
        // One call writes back everything that was written here, however many files: it must come before the name.
        to_.parent.sync_file_system();
        const std::optional<io::Stat> there = to_.parent.stat(to_.name);
        const bool exchanging = there && placement_ == Placement::replace;
        if (exchanging)
            exchange(beside);
        else if (there)  // an empty directory, as was checked: the rename refuses it if it is so no more
            to_.parent.rename(built_, to_.parent, to_.name);
        else if (!to_.parent.rename_new(built_, to_.parent, to_.name))
            throw Failure({.what = "cannot publish",
                           .where = report_.destination,
                           .why = "it was made meanwhile",
                           .todo = "nothing changed"});
        now_published();
        to_.parent.sync();  // only now may the former tree go
        if (exchanging && !to_.keep_old) {
            state_ = report_.destination + " is restored, and what it was is still in " + path(beside.fresh());
            source::remove_tree(to_.parent, beside.fresh());
        }
        state_ = report_.destination + " is restored";
        beside.remove_mark();  // of an unfinished --in-place: that tree is gone
    }

    void exchange(Beside& beside) {
        if (!to_.parent.exchange(built_, to_.parent, to_.name))
            throw Failure({.what = "cannot replace",
                           .where = report_.destination,
                           .why = "the file system cannot exchange two names",
                           .todo = "nothing changed; use --in-place"});
        const std::string built = built_;
        now_published();
        if (!to_.keep_old || beside.put_aside()) return;
        check(to_.parent.exchange(built, to_.parent, to_.name), "what was exchanged can be exchanged back");
        to_.parent.sync();
        built_ = built;
        throw name_is_taken();
    }

    /// From here on a failure must not take away what was built, nor what it replaced.
    void now_published() {
        built_.clear();
        state_ = report_.destination + " is restored, but a power failure may undo that";
    }

    // ---- in place: marked while it is neither old nor new

    void change_in_place(Beside& beside) {
        beside.put_mark(request_.checkpoint.text() + " of " + store_.backend().path());
        store::Reader reader(store_);
        const InPlaceOptions options{
            .trust_times = to_.trust_times, .remove_others = request_.only.empty(), .spared = to_.own_store};
        const std::unique_ptr<Placer> placer = in_place_placer(
            {request_.checkpoint.text(), reader, request_.powers, notes_, progress_, counters_, written_}, options,
            [this] { return count_names(); });
        place(reader, *placer, to_.name);
        // The destination may be a file system of its own.
        const std::unique_ptr<io::Dir> inside = is_dir(to_.name) ? io::open_dir(to_.parent, to_.name) : nullptr;
        (inside ? *inside : to_.parent).sync_file_system();
        beside.remove_mark();
    }

    [[nodiscard]] bool is_dir(const std::string& name) const {
        const std::optional<io::Stat> there = to_.parent.stat(name);
        return there && there->kind == io::Kind::dir;
    }

    /// Names below the destination of each inode that has several.
    std::map<std::uint64_t, std::uint64_t> count_names() {
        Notes ignored;  // what cannot be listed has fewer names than links and is replaced
        std::shared_ptr<io::Dir> parent(&to_.parent, [](io::Dir*) {});
        source::TreeWalk walk(parent, to_.name, {.one_file_system = true}, ignored);
        std::map<std::uint64_t, std::uint64_t> names;
        while (const std::optional<source::Found> found = walk.next())
            if (found->entry.linked || !found->entry.hard_link.empty()) ++names[found->entry.ino];
        return names;
    }

    store::Store& store_;
    const RestoreRequest& request_;
    const TreeDestination& to_;
    Placement placement_;
    Clock& clock_;
    Progress& progress_;
    std::chrono::nanoseconds start_;
    store::Manifest manifest_;
    std::vector<const store::SourceRecord*> trees_;
    Notes notes_;
    PlaceCounters counters_;
    WriteBehind written_;
    RestoreReport report_;
    std::string built_;  // the name of the new tree until it is published
    std::string state_;  // what a failure leaves, in words; empty: nothing changed, or a mark says so
};

const store::SourceRecord& find_stream(const store::Manifest& manifest, const std::string& label,
                                       const std::string& checkpoint) {
    std::vector<const store::SourceRecord*> streams;
    for (const store::SourceRecord& source : manifest.sources)
        if (source.type != store::SourceType::tree && (label.empty() || source.label == label))
            streams.push_back(&source);
    if (streams.size() == 1) return *streams.front();
    throw Failure({.what = "cannot tell which stream of " + checkpoint + " is meant",
                   .where = label.empty() ? "" : "'" + printable(label) + "'",
                   .why = streams.empty() ? "there is none" : "there are several",
                   .todo = "see 'ftckpt show " + checkpoint + "'",
                   .exit = streams.empty() ? Exit::no : Exit::usage});
}

}  // namespace

RestoreReport restore_tree(store::Store& store, const RestoreRequest& request, const TreeDestination& destination,
                           Clock& clock, Progress& progress) {
    return Restoring(store, request, destination, clock, progress).run();
}

RestoreReport restore_stream(store::Store& store, const RestoreRequest& request, const std::string& label,
                             const std::function<void(View)>& sink, Clock& clock, Progress& progress) {
    const auto start = clock.monotonic();
    store.index();
    const store::Manifest manifest = store.manifest(request.checkpoint);
    const store::SourceRecord& source = find_stream(manifest, label, request.checkpoint.text());
    RestoreReport report{
        .name = manifest.name, .sequence = manifest.sequence, .saved_at = manifest.finished, .destination = "-"};
    progress.total_bytes += source.content_bytes;
    report.bytes_written = send_content(
        store, source, "", {.jobs = request.jobs, .sink = sink, .where = request.checkpoint.text()}, progress);
    report.totals = {.entries = 1, .files = 1, .bytes = report.bytes_written};
    report.load_s = seconds(clock.monotonic() - start);
    return report;
}

}  // namespace ft::ckpt
