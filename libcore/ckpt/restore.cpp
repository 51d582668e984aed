#include "libcore/ckpt/restore.h"

#include <algorithm>
#include <memory>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/place.h"
#include "libcore/ckpt/restore_tree.h"
#include "libcore/ckpt/send.h"
#include "libcore/source/tree_remove.h"
#include "libcore/store/reader.h"

namespace ft::ckpt {
namespace {

/// Names beside a destination: hidden, and derived from it, so that the next restore finds what a dead one left.
struct Beside {
    std::string lock, fresh, mark;
    explicit Beside(const std::string& name) {
        const std::string shown = name.size() <= 200 ? name : digest_of(view_of(name)).hex();
        lock = "." + shown + ".ft-lock";
        fresh = "." + shown + ".ft-new";
        mark = "." + shown + ".ft-unfinished";
    }
};

/// Held while something is restored to one destination; a dead holder's is free.
class DestinationLock {
public:
    DestinationLock(io::Dir& parent, const std::string& name, const std::string& destination) : parent_(parent), name_(name) {
        for (;;) {
            file_ = parent.create_file(name, 0600);
            if (!file_) file_ = parent.find_file(name, io::Access::read_write);
            if (!file_) continue;
            if (!file_->try_lock(io::Lock::exclusive))
                throw Failure({.what = "cannot restore", .where = destination, .why = "another restore to it is running",
                               .todo = "try again when it has ended", .exit = Exit::busy});
            const std::optional<io::Stat> there = parent.stat(name);
            if (there && there->ino == file_->stat().ino) return;  // else its last holder has just removed it
        }
    }
    /// The name goes before the lock does.
    void release() {
        parent_.remove_file(name_);
        file_.reset();
    }

private:
    io::Dir& parent_;
    std::string name_;
    std::unique_ptr<io::File> file_;
};

bool is_empty_dir(io::Dir& parent, const std::string& name) {
    const std::unique_ptr<io::Dir> dir = parent.find_dir(name);
    return dir && dir->list().empty();
}

class Restoring {
public:
    Restoring(store::Store& store, const RestoreRequest& request, const TreeDestination& to, Clock& clock, Progress& progress)
        : store_(store), request_(request), to_(to), clock_(clock), progress_(progress), start_(clock.monotonic()), beside_(to.name) {}

    RestoreReport run() {
        store_.index();  // from here on what the checkpoint needs is not removed
        manifest_ = store_.manifest(request_.checkpoint);
        report_ = {.name = manifest_.name, .sequence = manifest_.sequence, .saved_at = manifest_.finished,
                   .destination = to_.parent.path() + "/" + to_.name};
        check_destination();
        DestinationLock lock(to_.parent, beside_.lock, report_.destination);
        source::remove_tree(to_.parent, beside_.fresh);  // what a killed restore left
        try {
            build();
            publish();
        } catch (...) {  // leaves nothing behind, then goes on failing
            source::remove_tree(to_.parent, beside_.fresh);
            lock.release();
            throw;
        }
        lock.release();
        report_.load_s = seconds(clock_.monotonic() - start_);
        report_.notes = notes_.take();
        return report_;
    }

private:
    void check_destination() const {
        const std::optional<io::Stat> there = to_.parent.stat(to_.name);
        if (!there || to_.placement == Placement::replace) return;
        if (there->kind == io::Kind::dir && is_empty_dir(to_.parent, to_.name)) return;
        throw Failure({.what = "cannot restore to", .where = report_.destination, .why = "it exists",
                       .todo = "nothing changed; use --replace to exchange it or --in-place to make it equal"});
    }

    void build() {
        store::Reader reader(store_);
        PlaceTools tools{reader, request_.powers, notes_, progress_, counters_};
        const std::unique_ptr<Placer> placer = fresh_placer(tools);
        std::vector<const store::SourceRecord*> trees;
        for (const store::SourceRecord& source : manifest_.sources) {
            if (source.type != store::SourceType::tree) continue;
            trees.push_back(&source);
            progress_.total_items += source.entry_count;
            progress_.total_bytes += source.content_bytes;
        }
        if (trees.empty())
            throw Failure({.what = "cannot restore " + request_.checkpoint.text() + " to a path", .why = "it holds no tree",
                           .todo = "use 'ftrestore " + request_.checkpoint.text() + " -' for its stream, --shm for its segment"});
        // Borrowed: the destination's parent outlives the restore.
        std::shared_ptr<io::Dir> parent(&to_.parent, [](io::Dir*) {});
        std::shared_ptr<io::Dir> holder;
        if (trees.size() > 1 || !trees.front()->label.empty()) {
            holder = placer->dir(to_.parent, beside_.fresh, {});
            parent = holder;
        }
        for (const store::SourceRecord* source : trees) {
            const TreeJob job{*source, request_.checkpoint.text(), request_.only, request_.jobs};
            const Totals totals = place_tree(job, reader, *placer, parent, holder ? source->label : beside_.fresh, progress_);
            report_.totals.entries += totals.entries;
            report_.totals.files += totals.files;
            report_.totals.bytes += totals.bytes;
            report_.totals.changed += totals.changed;
        }
        if (holder) placer->finish_dir(*holder, holder_entry());
        report_.bytes_written = counters_.bytes_written;
    }

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

    void publish() {
        // One call writes back everything that was written here, however many files: it must come before the name.
        to_.parent.sync_file_system();
        const std::optional<io::Stat> there = to_.parent.stat(to_.name);
        if (!there) {
            if (!to_.parent.rename_new(beside_.fresh, to_.parent, to_.name))
                throw Failure({.what = "cannot publish", .where = report_.destination, .why = "it was made meanwhile", .todo = "nothing changed"});
            return to_.parent.sync();
        }
        if (to_.placement == Placement::fresh) {  // an empty directory, as was checked: rename refuses it if it is so no more
            to_.parent.rename(beside_.fresh, to_.parent, to_.name);
            return to_.parent.sync();
        }
        if (!to_.parent.exchange(beside_.fresh, to_.parent, to_.name))
            throw Failure({.what = "cannot replace", .where = report_.destination, .why = "the file system cannot exchange two names",
                           .todo = "nothing changed; use --in-place"});
        to_.parent.sync();  // only now may the former tree go
        if (to_.keep_old) {
            to_.parent.rename(beside_.fresh, to_.parent, *to_.keep_old);
            return to_.parent.sync();
        }
        source::remove_tree(to_.parent, beside_.fresh);
    }

    store::Store& store_;
    const RestoreRequest& request_;
    const TreeDestination& to_;
    Clock& clock_;
    Progress& progress_;
    std::chrono::nanoseconds start_;
    Beside beside_;
    store::Manifest manifest_;
    Notes notes_;
    PlaceCounters counters_;
    RestoreReport report_;
};

const store::SourceRecord& find_stream(const store::Manifest& manifest, const std::string& label, const std::string& checkpoint) {
    std::vector<const store::SourceRecord*> streams;
    for (const store::SourceRecord& source : manifest.sources)
        if (source.type != store::SourceType::tree && (label.empty() || source.label == label)) streams.push_back(&source);
    if (streams.size() == 1) return *streams.front();
    throw Failure({.what = "cannot tell which stream of " + checkpoint + " is meant", .where = label.empty() ? "" : "'" + printable(label) + "'",
                   .why = streams.empty() ? "there is none" : "there are several", .todo = "see 'ftckpt show " + checkpoint + "'",
                   .exit = streams.empty() ? Exit::no : Exit::usage});
}

}  // namespace

RestoreReport restore_tree(store::Store& store, const RestoreRequest& request, const TreeDestination& destination, Clock& clock,
                           Progress& progress) {
    return Restoring(store, request, destination, clock, progress).run();
}

RestoreReport restore_stream(store::Store& store, const RestoreRequest& request, const std::string& label,
                             const std::function<void(View)>& sink, Clock& clock, Progress& progress) {
    const auto start = clock.monotonic();
    store.index();
    const store::Manifest manifest = store.manifest(request.checkpoint);
    const store::SourceRecord& source = find_stream(manifest, label, request.checkpoint.text());
    RestoreReport report{.name = manifest.name, .sequence = manifest.sequence, .saved_at = manifest.finished, .destination = "-"};
    progress.total_bytes += source.content_bytes;
    report.bytes_written = send_content(store, source, "", {.jobs = request.jobs, .sink = sink, .where = request.checkpoint.text()}, progress);
    report.totals = {.entries = 1, .files = 1, .bytes = report.bytes_written};
    report.load_s = seconds(clock.monotonic() - start);
    return report;
}

}  // namespace ft::ckpt
