#include <algorithm>
#include <memory>

#include "libcore/base/failure.h"
#include "libcore/ckpt/stored_entries.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/source/tree_walk.h"

namespace ft::ckpt {
namespace {

using source::Entry;

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
void merge(StoredEntries& left, Right&& next_right, const std::string& label, const DiffListener& to,
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
        to.progress.step();
        const int order = !a ? 1 : !b ? -1 : source::compare_paths(a->path, path_of(*b));
        if (order < 0) {
            to.each({Change::removed, shown(label, a->path)});
        } else if (order > 0) {
            to.each({Change::added, shown(label, path_of(*b))});
        } else if (const std::optional<Change> change = compare_both(*a, *b)) {
            to.each({*change, shown(label, a->path)});
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

/// Whether these bytes of a file are zeros, which a hole reads as; reads only what is no hole.
bool are_zeros(io::File& file, std::uint64_t at, std::uint64_t end, const Progress& progress) {
    Bytes buffer;
    while (const std::optional<io::Extent> data = at < end ? file.next_data(at) : std::nullopt) {
        at = data->start;
        for (const std::uint64_t stop = std::min(data->end, end); at < stop; at += buffer.size()) {
            progress.step();
            buffer.resize(std::min<std::uint64_t>(stop - at, 1U << 20));
            const bool whole = file.read_at(buffer, at) == buffer.size();
            if (!whole || std::any_of(buffer.begin(), buffer.end(), [](std::byte b) { return b != std::byte{0}; }))
                return false;
        }
    }
    return true;
}

/// Whether a file that stands in a tree, and has the right size, holds what the entry says; read through to the first
/// difference.
bool holds(io::File& file, const Entry& entry, const Progress& progress) {
    std::uint64_t at = 0;
    Bytes buffer;
    for (const source::Run& run : entry.runs) {
        progress.step();
        if (run.length == 0) {
            if (!are_zeros(file, at, at + run.hole, progress)) return false;
        } else {
            buffer.resize(run.length);
            if (file.read_at(buffer, at) != buffer.size() || digest_of(buffer) != run.digest) return false;
        }
        at += run.size();
    }
    return true;
}

std::optional<Change> compare_with_tree(const Entry& saved, source::Found& found, const Progress& progress) {
    const bool regular = saved.kind == io::Kind::file && found.entry.kind == io::Kind::file;
    if (!regular || !saved.hard_link.empty() || !found.entry.hard_link.empty()) {
        source::read_attributes(found, nullptr);
        return compare(saved, found.entry);
    }
    const std::unique_ptr<io::File> file = found.parent->find_file(found.name, io::Access::read);
    if (!file) return Change::removed;
    const bool untouched =
        saved.mtime == found.entry.mtime && saved.ctime == found.entry.ctime && saved.ino == found.entry.ino;
    if (saved.size != found.entry.size || (!untouched && !holds(*file, saved, progress))) return Change::content;
    source::read_attributes(found, file.get());
    found.entry.runs = saved.runs;
    return compare(saved, found.entry);
}

}  // namespace

void diff_checkpoints(store::Store& store, const store::CheckpointId& a, const store::CheckpointId& b,
                      const DiffListener& to) {
    store.index();
    const store::Manifest left = store.manifest(a), right = store.manifest(b);
    store::Reader reader(store);
    for (const store::SourceRecord& source : left.sources) {
        const store::SourceRecord* other = find_source(right, source);
        if (other != nullptr && other->entries == source.entries) continue;
        StoredEntries from(reader, source.entries, a.text());
        if (other == nullptr) {
            while (const std::optional<Entry> entry = from.next_whole())
                to.each({Change::removed, shown(source.label, entry->path)});
            continue;
        }
        StoredEntries later(reader, other->entries, b.text());
        merge(
            from, [&] { return later.next_whole(); }, source.label, to,
            [](const Entry& x, Entry& y) { return compare(x, y); });
    }
    for (const store::SourceRecord& source : right.sources) {
        if (find_source(left, source) != nullptr) continue;
        StoredEntries later(reader, source.entries, b.text());
        while (const std::optional<Entry> entry = later.next_whole())
            to.each({Change::added, shown(source.label, entry->path)});
    }
}

void diff_tree(store::Store& store, const store::CheckpointId& a, std::shared_ptr<io::Dir> parent,
               const std::string& name, unsigned jobs, const DiffListener& to) {
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
        saved, [&] { return walk.next(); }, "", to,
        [&](const Entry& entry, source::Found& found) { return compare_with_tree(entry, found, to.progress); });
    for (const Note& note : notes.take())
        if (note.incomplete)
            throw Failure(
                {.what = note.what, .where = note.first, .why = note.why, .todo = "the comparison is not complete"});
}

}  // namespace ft::ckpt
