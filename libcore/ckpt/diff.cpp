#include <algorithm>
#include <memory>

#include "libcore/base/failure.h"
#include "libcore/ckpt/stored_entries.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/source/tree_walk.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using Each = std::function<void(const Difference&)>;

bool same_attributes(const Entry& a, const Entry& b) {
    return a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.mtime == b.mtime && a.xattrs == b.xattrs &&
           a.hard_link == b.hard_link;
}

/// Content as bytes: holes are zeros, so that a sparse copy is no change of content.
bool same_content(const Entry& a, const Entry& b) { return a.size == b.size && a.runs == b.runs; }

/// What tells two entries of one path apart, if anything does.
std::optional<Change> compare(const Entry& a, const Entry& b) {
    if (a.kind != b.kind) return Change::kind;
    const bool regular = a.kind == io::Kind::file && a.hard_link.empty() && b.hard_link.empty();
    if (regular && !same_content(a, b)) return Change::content;
    if (a.symlink != b.symlink || a.rdev != b.rdev) return Change::content;
    if (!same_attributes(a, b)) return Change::attributes;
    return std::nullopt;
}

std::string shown(const std::string& label, const std::string& path) {
    if (label.empty()) return path.empty() ? "." : path;
    return path.empty() ? label : label + "/" + path;
}

/// Two streams of entries in step.
template <class Right>
void merge(StoredEntries& left, Right&& next_right, const std::string& label, const Each& each,
           const std::function<std::optional<Change>(
               const Entry&, typename std::decay_t<decltype(next_right())>::value_type&)>& compare_both) {
    std::optional<Entry> a = left.next_whole();
    auto b = next_right();
    const auto path_of = [](const auto& one) -> const std::string& {
        if constexpr (requires { one.entry; })
            return one.entry.path;
        else
            return one.path;
    };
    while (a || b) {
        const int order = !a ? 1 : !b ? -1 : source::compare_paths(a->path, path_of(*b));
        if (order < 0) {
            each({Change::removed, shown(label, a->path)});
        } else if (order > 0) {
            each({Change::added, shown(label, path_of(*b))});
        } else if (const std::optional<Change> change = compare_both(*a, *b)) {
            each({*change, shown(label, a->path)});
        }
        if (order <= 0) a = left.next_whole();
        if (order >= 0) b = next_right();
    }
}

const store::SourceRecord* find_source(const store::Manifest& manifest, const store::SourceRecord& like) {
    for (const store::SourceRecord& source : manifest.sources)
        if (source.type == like.type && source.label == like.label) return &source;
    return nullptr;
}

/// Whether a file that stands in a tree holds what the entry says; read through to the first difference.
bool holds(io::File& file, const Entry& entry) {
    std::uint64_t at = 0;
    Bytes buffer;
    for (const source::Run& run : entry.runs) {
        // A hole reads as zeros: compared as such, in pieces.
        for (std::uint64_t done = 0; done < run.size();) {
            buffer.resize(run.length != 0 ? run.length : std::min<std::uint64_t>(run.hole - done, 1U << 20));
            if (file.read_at(buffer, at + done) != buffer.size()) return false;
            const bool same = run.length != 0 ? digest_of(buffer) == run.digest
                                              : std::all_of(buffer.begin(), buffer.end(),
                                                            [](std::byte b) { return b == std::byte{0}; });
            if (!same) return false;
            done += buffer.size();
        }
        at += run.size();
    }
    return true;
}

std::optional<Change> compare_with_tree(const Entry& saved, source::Found& found) {
    const bool regular = saved.kind == io::Kind::file && found.entry.kind == io::Kind::file;
    if (!regular || !saved.hard_link.empty() || !found.entry.hard_link.empty()) {
        source::read_attributes(found, nullptr);
        return compare(saved, found.entry);
    }
    const std::unique_ptr<io::File> file = found.parent->find_file(found.name, io::Access::read);
    if (!file) return Change::removed;
    const bool untouched =
        saved.mtime == found.entry.mtime && saved.ctime == found.entry.ctime && saved.ino == found.entry.ino;
    if (saved.size != found.entry.size || (!untouched && !holds(*file, saved))) return Change::content;
    source::read_attributes(found, file.get());
    found.entry.runs = saved.runs;
    return compare(saved, found.entry);
}

}  // namespace

void diff_checkpoints(store::Store& store, const store::CheckpointId& a, const store::CheckpointId& b,
                      const Each& each) {
    store.index();
    const store::Manifest left = store.manifest(a), right = store.manifest(b);
    store::Reader reader(store);
    for (const store::SourceRecord& source : left.sources) {
        const store::SourceRecord* other = find_source(right, source);
        if (other != nullptr && other->entries == source.entries) continue;
        StoredEntries from(reader, source.entries, a.text());
        if (other == nullptr) {
            while (const std::optional<Entry> entry = from.next_whole())
                each({Change::removed, shown(source.label, entry->path)});
            continue;
        }
        StoredEntries to(reader, other->entries, b.text());
        merge(
            from, [&] { return to.next_whole(); }, source.label, each,
            [](const Entry& x, Entry& y) { return compare(x, y); });
    }
    for (const store::SourceRecord& source : right.sources) {
        if (find_source(left, source) != nullptr) continue;
        StoredEntries to(reader, source.entries, b.text());
        while (const std::optional<Entry> entry = to.next_whole())
            each({Change::added, shown(source.label, entry->path)});
    }
}

void diff_tree(store::Store& store, const store::CheckpointId& a, std::shared_ptr<io::Dir> parent,
               const std::string& name, unsigned jobs, const Each& each) {
    store.index();
    const store::Manifest manifest = store.manifest(a);
    const auto tree =
        std::find_if(manifest.sources.begin(), manifest.sources.end(),
                     [](const store::SourceRecord& source) { return source.type == store::SourceType::tree; });
    if (tree == manifest.sources.end() || manifest.sources.size() != 1)
        throw Failure({.what = "cannot compare " + a.text() + " with a directory",
                       .why = "it does not hold just one tree",
                       .todo = "restore it and compare the trees",
                       .exit = Exit::usage});
    store::Reader reader(store);
    StoredEntries saved(reader, tree->entries, a.text());
    Notes notes;
    source::TreeWalk walk(std::move(parent), name, {.threads = jobs}, notes);
    merge(
        saved, [&] { return walk.next(); }, "", each, compare_with_tree);
    for (const Note& note : notes.take())
        if (note.incomplete)
            throw Failure(
                {.what = note.what, .where = note.first, .why = note.why, .todo = "the comparison is not complete"});
}

}  // namespace ft::ckpt
