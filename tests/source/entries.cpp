#include "tests/source/entries.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace ft::source {
namespace {

std::uint64_t below(std::mt19937_64& random, std::uint64_t limit) { return random() % limit; }

/// Small numbers and the largest ones, all lengths of a varint.
std::uint64_t some_number(std::mt19937_64& random) { return random() >> below(random, 64); }

std::string some_bytes(std::mt19937_64& random, std::size_t length, bool any) {
    static constexpr std::string_view few = "ab./0\n\xff";  // close together, so that prefixes are shared
    std::string bytes;
    while (bytes.size() < length) bytes.push_back(any ? static_cast<char>(random()) : few[below(random, few.size())]);
    return bytes;
}

std::string some_name(std::mt19937_64& random) {
    const std::size_t length = below(random, 20) == 0 ? 255 : 1 + below(random, 6);
    std::string name = some_bytes(random, length, false);
    std::replace(name.begin(), name.end(), '/', '_');
    return name == "." || name == ".." ? "dots" : name;
}

/// Paths in order with the kind of each; every directory comes before what it contains.
std::vector<std::pair<std::string, io::Kind>> some_places(std::mt19937_64& random, std::size_t count) {
    std::vector<std::string> dirs = {""};
    std::vector<std::pair<std::string, io::Kind>> places = {{"", io::Kind::dir}};
    for (std::size_t i = 1; i < count; ++i) {
        const std::string& above = dirs[below(random, 2) == 0 ? dirs.size() - 1 : below(random, dirs.size())];
        const std::string path = (above.empty() ? "" : above + "/") + some_name(random);
        const auto kind = static_cast<io::Kind>(1 + below(random, 6));
        if (std::any_of(places.begin(), places.end(), [&](const auto& p) { return p.first == path; })) continue;
        if (kind == io::Kind::dir) dirs.push_back(path);
        places.emplace_back(path, kind);
    }
    std::sort(places.begin(), places.end(),
              [](const auto& a, const auto& b) { return compare_paths(a.first, b.first) < 0; });
    return places;
}

Time some_time(std::mt19937_64& random) {
    const auto s = static_cast<std::int64_t>(some_number(random));
    return {.s = below(random, 2) == 0 ? s : ~s, .ns = static_cast<std::uint32_t>(below(random, 1'000'000'000))};
}

std::vector<io::Xattr> some_xattrs(std::mt19937_64& random) {
    std::map<std::string, std::string> xattrs;
    while (below(random, 3) == 0)
        xattrs["user." + some_name(random).substr(0, 200)] = some_bytes(random, below(random, 4) * 100, true);
    std::vector<io::Xattr> sorted;
    sorted.reserve(xattrs.size());
    for (auto& [name, value] : xattrs) sorted.push_back({name, value});
    return sorted;
}

Run some_run(std::mt19937_64& random) {
    Run run;
    if (below(random, 3) == 0) {
        run.hole = 1 + (some_number(random) >> 16);
        return run;
    }
    run.length = static_cast<std::uint32_t>(1 + below(random, chunk_limit));
    for (std::byte& byte : run.digest.bytes) byte = static_cast<std::byte>(random());
    return run;
}

Entry some_entry(std::mt19937_64& random, const std::string& path, io::Kind kind) {
    Entry entry;
    entry.path = path;
    entry.kind = kind;
    entry.mode = static_cast<std::uint32_t>(below(random, 010000));
    entry.uid = static_cast<std::uint32_t>(some_number(random));
    entry.gid = static_cast<std::uint32_t>(some_number(random));
    entry.mtime = some_time(random);
    entry.ctime = some_time(random);
    entry.ino = some_number(random);
    if (kind == io::Kind::char_device || kind == io::Kind::block_device) entry.rdev = some_number(random);
    if (kind == io::Kind::symlink) entry.symlink = "t" + some_bytes(random, below(random, 30), false);
    if (kind != io::Kind::dir) entry.linked = below(random, 8) == 0;
    entry.xattrs = some_xattrs(random);
    return entry;
}

/// The records of a file: its entry with the first runs, then its continuations.
void append_file(std::mt19937_64& random, const Entry& entry, std::vector<Entry>& to) {
    const std::uint64_t records = 1 + below(random, 3);
    const std::size_t first = to.size();
    for (std::uint64_t i = 0; i < records; ++i) {
        Entry part;
        part.path = entry.path;
        if (i == 0) part = entry;
        part.continues = i > 0;
        part.more = i + 1 < records;
        for (std::uint64_t n = below(random, 4) + (records > 1 ? 1 : 0); n > 0; --n)
            part.runs.push_back(some_run(random));
        part.changed = !part.more && below(random, 10) == 0;
        to.push_back(std::move(part));
    }
    for (std::size_t i = first; i < to.size(); ++i)
        for (const Run& run : to[i].runs) to[first].size += run.size();
}

void make_link(Entry& entry, const std::string& first) {
    entry.hard_link = first;
    entry.linked = false;
    entry.symlink.clear();
    entry.xattrs.clear();
    if (entry.kind == io::Kind::file) entry.size = 12345;
}

}  // namespace

Bytes encode(const std::vector<Entry>& entries) {
    Bytes stream;
    EntryWriter writer([&](View bytes) { stream.insert(stream.end(), bytes.begin(), bytes.end()); });
    for (const Entry& entry : entries) writer.append(entry);
    return stream;
}

std::vector<Entry> decode(View stream, std::size_t piece) {
    const auto pull = [&] {
        const View next = stream.first(std::min(piece, stream.size()));
        stream = stream.subspan(next.size());
        return Bytes(next.begin(), next.end());
    };
    EntryReader reader(pull, "a list");
    std::vector<Entry> entries;
    while (std::optional<Entry> entry = reader.next()) entries.push_back(std::move(*entry));
    return entries;
}

std::vector<Entry> random_entries(std::mt19937_64& random, std::size_t count) {
    std::vector<Entry> entries;
    std::string first;
    for (const auto& [path, kind] : some_places(random, count)) {
        Entry entry = some_entry(random, path, kind);
        if (!first.empty() && kind != io::Kind::dir && below(random, 8) == 0) {
            make_link(entry, first);
            entries.push_back(std::move(entry));
            continue;
        }
        if (kind != io::Kind::dir) first = path;
        if (kind == io::Kind::file)
            append_file(random, entry, entries);
        else
            entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace ft::source
