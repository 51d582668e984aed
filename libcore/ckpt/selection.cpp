#include "libcore/ckpt/selection.h"

#include "libcore/base/failure.h"
#include "libcore/base/text.h"

namespace ft::ckpt {

using source::Entry;

SelectedEntries::SelectedEntries(store::Reader& reader, const store::SourceRecord& source,
                                 const std::vector<std::string>& only, const std::string& where)
    : only_(only), entries_(reader, source.entries, where) {
    if (!only_.empty()) look_through(reader, source, where);
}

void SelectedEntries::look_through(store::Reader& reader, const store::SourceRecord& source, const std::string& where) {
    StoredEntries entries(reader, source.entries, where);
    bool any = false;
    while (const std::optional<Entry> entry = entries.next()) {
        if (entry->continues || !matches(entry->path)) continue;
        any = true;
        if (!entry->hard_link.empty() && !matches(entry->hard_link)) borrowed_.insert(entry->hard_link);
        for (std::size_t slash = entry->path.rfind('/'); slash != std::string::npos && slash != 0;
             slash = entry->path.rfind('/', slash - 1))
            needed_dirs_.insert(entry->path.substr(0, slash));
    }
    if (!any)
        throw Failure({.what = "nothing in " + where + " matches",
                       .where = "'" + printable(only_.front()) + "'",
                       .todo = "see 'ftckpt ls " + where + "'",
                       .exit = Exit::no});
}

bool SelectedEntries::matches(std::string_view path) const {
    for (;;) {
        for (const std::string& glob : only_)
            if (glob_match(glob, path)) return true;
        const std::size_t slash = path.rfind('/');
        if (slash == std::string_view::npos) return false;
        path = path.substr(0, slash);
    }
}

bool SelectedEntries::takes(const Entry& entry) const {
    return only_.empty() || entry.path.empty() || matches(entry.path) ||
           (entry.kind == io::Kind::dir && needed_dirs_.contains(entry.path));
}

std::optional<Entry> SelectedEntries::next() {
    while (std::optional<Entry> entry = entries_.next()) {
        if (entry->continues) continue;  // content of what was not taken
        if (borrowed_.contains(entry->path)) {
            lend(std::move(*entry));
            continue;
        }
        if (!takes(*entry)) continue;
        if (lent_.contains(entry->hard_link)) return redirected(std::move(*entry));
        return entry;
    }
    return std::nullopt;
}

void SelectedEntries::lend(Entry entry) {
    while (entry.more) {
        const Entry more = rest();
        entry.runs.insert(entry.runs.end(), more.runs.begin(), more.runs.end());
        entry.changed = more.changed;
        entry.more = more.more;
    }
    const std::string path = entry.path;
    lent_[path] = std::move(entry);
}

Entry SelectedEntries::redirected(Entry link) {
    const auto [name, first] = group_names_.try_emplace(link.hard_link, link.path);
    if (!first) {
        link.hard_link = name->second;
        return link;
    }
    Entry full = lent_.at(link.hard_link);
    full.path = link.path;
    return full;
}

Entry SelectedEntries::rest() {
    std::optional<Entry> record = entries_.next();
    check(record && record->continues, "the reader of entries refuses one that is cut");
    return std::move(*record);
}

std::optional<Entry> SelectedEntries::next_whole() {
    std::optional<Entry> entry = next();
    while (entry && entry->more) {
        const Entry more = rest();
        entry->runs.insert(entry->runs.end(), more.runs.begin(), more.runs.end());
        entry->changed = more.changed;
        entry->more = more.more;
    }
    return entry;
}

}  // namespace ft::ckpt
