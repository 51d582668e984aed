#include "libcore/ckpt/stored_entries.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::ckpt {

using source::Entry;

StoredEntries::StoredEntries(store::Reader& reader, const store::Root& root, const std::string& where,
                             std::function<void(const store::ChunkRef&)> seen)
    : bytes_(reader, root, std::move(seen)), entries_([this] { return bytes_.next(); }, where) {}

std::optional<Entry> StoredEntries::next_whole() {
    std::optional<Entry> entry = entries_.next();
    while (entry && entry->more) {
        const std::optional<Entry> rest = entries_.next();
        check(rest && rest->continues, "the reader of entries refuses one that is cut");
        entry->runs.insert(entry->runs.end(), rest->runs.begin(), rest->runs.end());
        entry->changed = rest->changed;
        entry->more = rest->more;
    }
    return entry;
}

Stretch first_stretch(store::Reader& reader, std::span<const source::Run> runs) {
    if (runs.front().length == 0) return {.hole = runs.front().hole, .runs = 1};
    Stretch stretch;
    std::uint64_t bytes = 0;
    for (const source::Run& run : runs) {
        if (run.length == 0 || bytes >= store::block_target) break;
        stretch.chunks.push_back({run.digest, run.length});
        bytes += run.length;
    }
    stretch.chunks.resize(reader.together(stretch.chunks));
    stretch.runs = stretch.chunks.size();
    return stretch;
}

void append_in_parts(source::EntryWriter& out, const Entry& entry) {
    if (entry.runs.size() <= source::runs_per_record) return out.append(entry);
    Entry part = entry;
    part.runs.clear();
    const std::size_t parts =
        std::max<std::size_t>(1, (entry.runs.size() + source::runs_per_record - 1) / source::runs_per_record);
    for (std::size_t i = 0; i < parts; ++i) {
        const auto from = entry.runs.begin() + static_cast<std::ptrdiff_t>(i * source::runs_per_record);
        part.runs.assign(from, from + std::min<std::ptrdiff_t>(source::runs_per_record, entry.runs.end() - from));
        part.more = i + 1 < parts;
        part.changed = !part.more && entry.changed;
        out.append(part);
        part = Entry{.path = entry.path, .continues = true};
    }
}

}  // namespace ft::ckpt
