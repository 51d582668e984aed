#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <set>

#include "libcore/base/failure.h"
#include "libcore/ckpt/place.h"
#include "libcore/source/tree_remove.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using source::Run;

constexpr std::uint64_t compared_bytes = 1U << 20;  // at once
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
          builder_(tools.powers, tools.notes),
          fresh_(fresh_placer(tools)) {}

    void expect(io::Dir& parent, const std::string& name) override {
        std::lock_guard lock(mutex_);
        if (const auto at = others_.find(&parent); at != others_.end()) at->second.erase(name);
    }

    std::shared_ptr<io::Dir> dir(io::Dir& parent, const std::string& name, const Entry&) override {
        const std::optional<io::Stat> there = parent.stat(name);
        if (there && there->kind != io::Kind::dir) remove(parent, name);
        if (!there || there->kind != io::Kind::dir) return builder_.start_dir(parent, name);
        if ((there->mode & 0700) != 0700) parent.set_mode(name, there->mode | 0700);
        std::shared_ptr<io::Dir> dir = io::open_dir(parent, name);
        if (!options_.remove_others) return dir;
        std::set<std::string> names;
        for (io::Listed& one : dir->list()) names.insert(std::move(one.name));
        std::lock_guard lock(mutex_);
        others_[dir.get()] = std::move(names);
        return dir;
    }

    void file(io::Dir& parent, const std::string& name, const Entry& entry) override {
        const std::optional<io::Stat> there = parent.stat(name);
        if (!there || !may_be_changed(*there, entry)) return replace(parent, name, entry, there.has_value());
        if (is_trusted(*there, entry)) {
            ++tools_.counters.files_kept;
            return builder_.adjust(parent, name, *there, entry);
        }
        const std::unique_ptr<io::File> file = parent.find_file(name, io::Access::read);
        if (!file) return replace(parent, name, entry, false);
        if (there->size == entry.size && !first_difference(*file, entry.runs)) return keep(*file, *there, entry);
        const std::unique_ptr<io::File> writable = open_for_writing(parent, name);
        if (!writable) return replace(parent, name, entry, true);
        if (there->size != entry.size) writable->set_size(entry.size);
        bring_to(*writable, 0, entry.runs);
        builder_.adjust(*writable, writable->stat(), entry);
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
        if (there && may_be_changed(*there, entry)) file = open_for_writing(parent, name);
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
        if (bring_to(file, at, runs)) {
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
        std::set<std::string> others;
        {
            std::lock_guard lock(mutex_);
            if (const auto at = others_.find(&dir); at != others_.end()) {
                others = std::move(at->second);
                others_.erase(at);
            }
        }
        for (const std::string& name : others) tools_.counters.removed += source::remove_tree(dir, name);
        if (const std::optional<io::Stat> now = dir.stat(".")) builder_.adjust(dir, ".", *now, entry);
    }

private:
    struct LargeState {
        io::Stat stat;
        bool trusted = false, written = false;
    };

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

    std::unique_ptr<io::File> open_for_writing(io::Dir& parent, const std::string& name) {
        try {
            return parent.find_file(name, io::Access::read_write);
        } catch (const Failure& f) {  // an outcome here: the object is replaced instead
            if (!may_be_replaced_instead(f.error())) throw;
            return nullptr;
        }
    }

    void replace(io::Dir& parent, const std::string& name, const Entry& entry, bool exists) {
        if (exists) remove(parent, name);
        fresh_->file(parent, name, entry);
    }

    void remove(io::Dir& parent, const std::string& name) { source::remove_tree(parent, name); }

    void keep(io::File& file, const io::Stat& there, const Entry& entry) {
        ++tools_.counters.files_kept;
        builder_.adjust(file, there, entry);
    }

    /// Whether [at, at + length) of the file is what the run says, also as a hole or as data.
    static bool is_equal(io::File& file, std::uint64_t at, const Run& run, Scratch& memory) {
        const std::optional<io::Extent> data = file.next_data(at);
        if (run.length == 0) return !data || data->start >= at + run.hole;
        if (!data || data->start != at || data->end < at + run.length) return false;
        const std::span<std::byte> bytes = memory.first(run.length);
        return file.read_at(bytes, at) == run.length && digest_of(bytes) == run.digest;
    }

    /// How many of the first runs are compared at once: chunks up to compared_bytes, or one hole.
    static std::size_t group_of(std::span<const Run> runs) {
        std::size_t count = 0;
        for (std::uint64_t bytes = 0; count < runs.size() && runs[count].length != 0 && bytes < compared_bytes; ++count)
            bytes += runs[count].length;
        return std::max<std::size_t>(count, 1);
    }

    /// is_equal of each run of a group, several digests at once.
    static std::vector<bool> are_equal(io::File& file, std::uint64_t at, std::span<const Run> group, Scratch& memory) {
        std::uint64_t length = 0;
        for (const Run& run : group) length += run.length;
        const std::optional<io::Extent> data = group.size() > 1 ? file.next_data(at) : std::nullopt;
        std::vector<bool> equal;
        if (!data || data->start != at || data->end < at + length) {
            for (const Run& run : group) {
                equal.push_back(is_equal(file, at, run, memory));
                at += run.size();
            }
            return equal;
        }
        View bytes = memory.first(length);
        bytes = bytes.first(file.read_at(memory.first(length), at));
        std::vector<View> chunks;
        for (const Run& run : group) {
            chunks.push_back(bytes.first(std::min<std::size_t>(run.length, bytes.size())));
            bytes = bytes.subspan(chunks.back().size());
        }
        const std::vector<Digest> digests = digests_of(chunks);
        for (std::size_t i = 0; i < group.size(); ++i) equal.push_back(digests[i] == group[i].digest);
        return equal;
    }

    bool first_difference(io::File& file, std::span<const Run> runs) {
        Scratch memory;
        std::uint64_t at = 0;
        for (; !runs.empty(); runs = runs.subspan(group_of(runs))) {
            const std::span<const Run> group = runs.first(group_of(runs));
            const std::vector<bool> equal = are_equal(file, at, group, memory);
            if (std::find(equal.begin(), equal.end(), false) != equal.end()) return true;
            for (const Run& run : group) {
                at += run.size();
                tools_.progress.bytes += run.length;
            }
        }
        return false;
    }

    /// Writes the runs that differ. returns  whether any did.
    bool bring_to(io::File& file, std::uint64_t at, std::span<const Run> runs) {
        Scratch memory;
        bool wrote = false;
        for (; !runs.empty(); runs = runs.subspan(group_of(runs))) {
            const std::span<const Run> group = runs.first(group_of(runs));
            const std::vector<bool> equal = are_equal(file, at, group, memory);
            for (std::size_t i = 0; i < group.size(); ++i) {
                const Run& run = group[i];
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
    std::map<io::Dir*, std::set<std::string>>
        others_;                             // names in open directories that the checkpoint has not named yet
    std::map<io::File*, LargeState> large_;  // existing large files that are being changed
    std::optional<std::map<std::uint64_t, std::uint64_t>> names_;
    std::map<std::uint64_t, std::string> taken_;  // shared inode -> the hard-link group that keeps it
};

}  // namespace

std::unique_ptr<Placer> in_place_placer(PlaceTools tools, InPlaceOptions options,
                                        std::function<std::map<std::uint64_t, std::uint64_t>()> count_names) {
    return std::make_unique<InPlacePlacer>(tools, options, std::move(count_names));
}

}  // namespace ft::ckpt
