#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/ckpt/comparer.h"
#include "libcore/ckpt/place.h"
#include "libcore/source/tree_remove.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using source::Run;

constexpr std::size_t files_at_once = 32;           // each is an open descriptor
constexpr std::uint64_t block_at_most = 64U << 10;  // of a file system

/// Opening for writing is refused for these although the object may be replaced: not writable, being executed,
/// immutable parents aside.
bool may_be_replaced_instead(int error) { return error == EACCES || error == ETXTBSY || error == EPERM; }

class InPlacePlacer final : public Placer {
public:
    InPlacePlacer(PlaceTools tools, InPlaceOptions options,
                  std::function<std::map<std::uint64_t, std::uint64_t>()> count_names)
        : tools_(tools),
          options_(options),
          count_names_(std::move(count_names)),
          builder_(tools.powers, tools.notes, Around::standing),
          fresh_(fresh_placer(tools, Around::standing)) {}

    There expect(io::Dir& parent, const std::string& name) override {
        std::lock_guard lock(mutex_);
        const auto at = others_.find(&parent);
        if (at == others_.end()) return There::unknown;
        at->second.is_guest = false;
        Names& names = at->second.names;
        const auto found = names.find(name);
        if (found == names.end()) return There::nothing;
        const std::optional<io::Kind> kind = found->second;
        names.erase(found);
        return !kind ? There::unknown : *kind == io::Kind::file ? There::file : There::other;
    }

    std::shared_ptr<io::Dir> dir(io::Dir& parent, const std::string& name, const Entry& entry) override {
        const std::optional<io::Stat> there = parent.stat(name);
        if (there && there->kind != io::Kind::dir) remove(parent, name);
        if (!there || there->kind != io::Kind::dir) return known(builder_.start_dir(parent, name, entry), Others{});
        if (source::ObjectId{there->dev, there->ino} == options_.spared)
            throw Failure({.what = "cannot restore over the store", .where = io::join_path(parent.path(), name)});
        if ((there->mode & 0700) != 0700) parent.set_mode(name, there->mode | 0700);
        std::shared_ptr<io::Dir> dir = io::open_dir(parent, name);
        const bool is_guest = there->mount_point && !entry.path.empty();
        return options_.remove_others ? known(dir, {.names = names_of(dir->list()), .is_guest = is_guest}) : dir;
    }

    void files(std::span<const FileJob> jobs) override {
        std::vector<FileJob> missing;
        Comparer comparer;
        while (!jobs.empty()) {
            std::vector<Standing> group;
            std::uint64_t bytes = 0;
            for (; !jobs.empty() && bytes < compared_bytes && group.size() < files_at_once; jobs = jobs.subspan(1)) {
                const FileJob& job = jobs.front();
                std::optional<Standing> standing =
                    placing(tools_.checkpoint, job.entry, [&] { return find_standing(job, missing); });
                if (!standing) continue;
                bytes += job.entry.size;
                group.push_back(std::move(*standing));
            }
            bring_together(group, comparer, missing);
        }
        fresh_->files(missing);
    }

    void special(io::Dir& parent, const std::string& name, const Entry& entry) override {
        const std::optional<io::Stat> there = parent.stat(name);
        const bool same = there && there->kind == entry.kind && there->rdev == entry.rdev &&
                          (entry.kind != io::Kind::symlink || parent.read_symlink(name) == entry.symlink);
        if (same) return builder_.adjust(parent, name, *there, entry);
        if (there) remove(parent, name);
        builder_.make_special(parent, name, entry);
    }

    std::shared_ptr<io::File> begin_large(io::Dir& parent, const std::string& name, const Entry& entry) override {
        const std::optional<io::Stat> there = parent.stat(name);
        std::shared_ptr<io::File> file;
        if (there && may_be_changed(*there, entry)) file = try_open(parent, name, io::Access::read_write);
        if (file) {
            // Now, and never again: pieces are written by several threads, and none may cut off what another wrote.
            const bool resized = there->size != entry.size;
            if (resized) file->set_size(entry.size);
            std::lock_guard lock(mutex_);
            large_[file.get()] = {.stat = *there, .trusted = is_trusted(*there, entry), .written = resized};
            return file;
        }
        if (there) remove(parent, name);
        return fresh_->begin_large(parent, name, entry);
    }

    void large_piece(io::File& file, std::uint64_t at, std::span<const Run> runs) override {
        {
            std::lock_guard lock(mutex_);
            const auto old = large_.find(&file);
            if (old != large_.end() && old->second.trusted) return;
        }
        if (!is_old(file)) return fresh_->large_piece(file, at, runs);
        Comparer comparer;
        if (bring_to(file, at, runs, comparer)) {
            std::lock_guard lock(mutex_);
            large_[&file].written = true;
        }
    }

    void end_large(io::File& file, io::Dir& parent, const std::string& name, const Entry& entry) override {
        if (!is_old(file)) return fresh_->end_large(file, parent, name, entry);
        LargeState state;
        {
            std::lock_guard lock(mutex_);
            state = large_.at(&file);
            large_.erase(&file);
        }
        if (state.written) return builder_.adjust(file, file.stat(), entry);
        keep(file, state.stat, entry);
    }

    void link(io::Dir& from, const std::string& old_name, io::Dir& parent, const std::string& name,
              const Entry&) override {
        const std::optional<io::Stat> wanted = from.stat(old_name), there = parent.stat(name);
        if (wanted && there && wanted->ino == there->ino && wanted->dev == there->dev) return;
        if (there) remove(parent, name);
        if (!from.make_link(old_name, parent, name))
            throw Failure(
                {.what = "cannot link", .where = parent.path() + "/" + name, .why = "the name was taken meanwhile"});
    }

    void finish_dir(io::Dir& dir, const Entry& entry) override {
        Others others;
        {
            std::lock_guard lock(mutex_);
            if (const auto at = others_.find(&dir); at != others_.end()) {
                others = std::move(at->second);
                others_.erase(at);
            }
        }
        if (others.is_guest && !others.names.empty())
            tools_.notes.add("left alone what is mounted", dir.path(), "", false);
        else
            for (const auto& [name, kind] : others.names) remove_other(dir, name);
        if (const std::optional<io::Stat> now = dir.stat(".")) builder_.adjust(dir, ".", *now, entry);
    }

private:
    using Names = std::unordered_map<std::string, std::optional<io::Kind>>;

    /// What stands in a directory and the checkpoint has not named yet.
    struct Others {
        Names names;
        bool is_guest = false;  // of another file system, mounted where the checkpoint has named nothing yet
    };

    /// A file that may be changed where it stands.
    struct Standing {
        FileJob job;
        std::unique_ptr<io::File> file;  // open for reading
        io::Stat stat;
    };

    struct LargeState {
        io::Stat stat;
        bool trusted = false, written = false;
    };

    static Names names_of(std::vector<io::Listed> listed) {
        Names names;
        for (io::Listed& one : listed) names.emplace(std::move(one.name), one.kind);
        return names;
    }

    std::shared_ptr<io::Dir> known(std::shared_ptr<io::Dir> dir, Others others) {
        std::lock_guard lock(mutex_);
        others_[dir.get()] = std::move(others);
        return dir;
    }

    /// The file that is to be compared; std::nullopt where it need not be. missing  is told where it is to be made
    /// anew, with nothing in its way any more.
    std::optional<Standing> find_standing(const FileJob& job, std::vector<FileJob>& missing) {
        std::optional<io::Stat> there;
        std::unique_ptr<io::File> file;
        // Opening is asking as well, but only of a file: to open a device may do something.
        if (job.there == There::file && !options_.trust_times) file = try_open(job.parent, job.name, io::Access::read);
        if (file)
            there = file->stat();
        else if (job.there != There::nothing)
            there = job.parent.stat(job.name);
        const bool usable = there && may_be_changed(*there, job.entry);
        if (usable && is_trusted(*there, job.entry)) {
            ++tools_.counters.files_kept;
            builder_.adjust(job.parent, job.name, *there, job.entry);
            return std::nullopt;
        }
        if (usable && !file) file = job.parent.find_file(job.name, io::Access::read);
        if (usable && file) return Standing{job, std::move(file), *there};
        if (there) remove(job.parent, job.name);
        missing.push_back(job);
        return std::nullopt;
    }

    /// Compares the files, several at once, and changes those that differ.
    void bring_together(std::span<Standing> group, Comparer& comparer, std::vector<FileJob>& missing) {
        std::vector<Expected> pieces;
        for (const Standing& one : group)
            if (one.stat.size == one.job.entry.size) append_expected(pieces, *one.file, 0, one.job.entry.runs);
        const std::vector<bool> equal = comparer.are_equal(pieces);
        auto next = equal.begin();
        for (Standing& one : group) {
            bool same = one.stat.size == one.job.entry.size;
            const auto end = same ? next + static_cast<std::ptrdiff_t>(one.job.entry.runs.size()) : next;
            same = same && std::find(next, end, false) == end;
            next = end;
            placing(tools_.checkpoint, one.job.entry, [&] { same ? keep(one) : change(one, comparer, missing); });
        }
    }

    void keep(Standing& one) {
        for (const Run& run : one.job.entry.runs) tools_.progress.bytes += run.length;
        keep(*one.file, one.stat, one.job.entry);
    }

    void change(Standing& one, Comparer& comparer, std::vector<FileJob>& missing) {
        const FileJob& job = one.job;
        const std::unique_ptr<io::File> writable = try_open(job.parent, job.name, io::Access::read_write);
        if (!writable) {
            remove(job.parent, job.name);
            missing.push_back(job);
            return;
        }
        if (one.stat.size != job.entry.size) writable->set_size(job.entry.size);
        bring_to(*writable, 0, job.entry.runs, comparer);
        builder_.adjust(*writable, writable->stat(), job.entry);
    }

    bool is_old(io::File& file) {
        std::lock_guard lock(mutex_);
        return large_.contains(&file);
    }

    [[nodiscard]] bool is_trusted(const io::Stat& there, const Entry& entry) const {
        return options_.trust_times && there.size == entry.size && there.mtime == entry.mtime;
    }

    /// Whether writing to this inode changes nothing but this entry (and its hard links in the checkpoint).
    bool may_be_changed(const io::Stat& there, const Entry& entry) {
        if (there.kind != io::Kind::file) return false;
        if (there.links == 1) return true;
        if (!entry.linked) return false;
        std::lock_guard lock(mutex_);
        if (!names_) names_ = count_names_();
        const auto names = names_->find(there.ino);
        if (names == names_->end() || names->second != there.links) return false;
        return taken_.try_emplace(there.ino, entry.path).first->second == entry.path;
    }

    /// nullptr also where it is refused.
    std::unique_ptr<io::File> try_open(io::Dir& parent, const std::string& name, io::Access access) {
        try {
            return parent.find_file(name, access);
        } catch (const Failure& f) {  // an outcome here: the object is replaced instead
            if (!may_be_replaced_instead(f.error())) throw;
            return nullptr;
        }
    }

    /// What makes way for something of the checkpoint.
    void remove(io::Dir& parent, const std::string& name) { source::remove_tree(parent, name, options_.spared); }

    /// What the checkpoint does not have.
    void remove_other(io::Dir& parent, const std::string& name) {
        const source::Removed removed = source::remove_tree_but(parent, name, options_.spared);
        tools_.counters.removed += removed.objects;
        for (const std::string& path : removed.mounted) tools_.notes.add("cannot remove", path, "it is a mount point");
    }

    void keep(io::File& file, const io::Stat& there, const Entry& entry) {
        ++tools_.counters.files_kept;
        builder_.adjust(file, there, entry);
    }

    /// How many of the first runs are compared at once.
    static std::size_t group_of(std::span<const Run> runs) {
        std::size_t count = 0;
        for (std::uint64_t bytes = 0; count < runs.size() && bytes < compared_bytes; ++count)
            bytes += runs[count].length;
        return count;
    }

    /// Writes the runs that differ. returns  whether any did.
    bool bring_to(io::File& file, std::uint64_t at, std::span<const Run> runs, Comparer& comparer) {
        bool wrote = false;
        for (; !runs.empty(); runs = runs.subspan(group_of(runs))) {
            std::vector<Expected> group;
            append_expected(group, file, at, runs.first(group_of(runs)));
            const std::vector<bool> equal = comparer.are_equal(group);
            for (std::size_t i = 0; i < group.size(); ++i) {
                const Run& run = *group[i].run;
                if (!equal[i]) run.length != 0 ? write(file, at, run) : make_hole(file, at, run.hole);
                wrote = wrote || !equal[i];
                at += run.size();
                tools_.progress.bytes += run.length;
            }
        }
        return wrote;
    }

    void write(io::File& file, std::uint64_t at, const Run& run) {
        const store::Chunk chunk = tools_.reader.read({run.digest, run.length});
        file.write_at(chunk.bytes, at);
        tools_.written.wrote(run.length);
    }

    /// The file has its final size already.
    static void make_hole(io::File& file, std::uint64_t at, std::uint64_t length) {
        // A last block that is only partly in the file is freed only if all of it is asked for.
        const std::uint64_t beyond_end = file.stat().size == at + length ? block_at_most : 0;
        if (file.punch_hole(at, length + beyond_end)) return;
        const Bytes zeros(std::min<std::uint64_t>(length, 1U << 20));
        for (const std::uint64_t end = at + length; at < end; at += zeros.size())
            file.write_at(View(zeros).first(std::min<std::uint64_t>(zeros.size(), end - at)), at);
    }

    PlaceTools tools_;
    InPlaceOptions options_;
    std::function<std::map<std::uint64_t, std::uint64_t>()> count_names_;
    source::TreeBuilder builder_;
    std::unique_ptr<Placer> fresh_;
    std::mutex mutex_;
    std::map<io::Dir*, Others> others_;      // of open directories
    std::map<io::File*, LargeState> large_;  // existing large files that are being changed
    std::optional<std::map<std::uint64_t, std::uint64_t>> names_;
    std::map<std::uint64_t, std::string> taken_;  // shared inode -> the hard-link group that keeps it
};

}  // namespace

std::unique_ptr<Placer> in_place_placer(PlaceTools tools, InPlaceOptions options,
                                        std::function<std::map<std::uint64_t, std::uint64_t>()> count_names) {
    return std::make_unique<InPlacePlacer>(std::move(tools), options, std::move(count_names));
}

}  // namespace ft::ckpt
