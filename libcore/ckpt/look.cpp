// ls and cat: the contents of a checkpoint without restoring it.
#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/send.h"
#include "libcore/ckpt/stored_entries.h"
#include "libcore/ckpt/verbs.h"

namespace ft::ckpt {
namespace {

std::string joined(const std::string& label, const std::string& path) {
    return label.empty() || path.empty() ? label + path : label + "/" + path;
}

bool is_at_or_below(const std::string& path, const std::string& top) {
    return top.empty() || path == top || (path.size() > top.size() && path.starts_with(top) && path[top.size()] == '/');
}

std::string without_slashes(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    while (path.starts_with("./")) path.erase(0, 2);
    while (path.starts_with('/')) path.erase(0, 1);
    return path == "." ? "" : path;
}

}  // namespace

void list_entries(store::Store& store, const store::CheckpointId& id, const std::string& path,
                  const std::function<bool(const source::Entry&)>& each) {
    store.index();
    const store::Manifest manifest = store.manifest(id);
    store::Reader reader(store);
    const std::string top = without_slashes(path);
    bool any = top.empty();
    for (const store::SourceRecord& source : manifest.sources) {
        if (!is_at_or_below(source.label, top) && !is_at_or_below(top, source.label)) continue;
        StoredEntries entries(reader, source.entries, id.text());
        while (std::optional<source::Entry> entry = entries.next()) {
            if (entry->continues) continue;
            entry->path = joined(source.label, entry->path);
            if (!is_at_or_below(entry->path, top)) continue;
            any = true;
            if (!each(*entry)) return;
        }
    }
    if (!any)
        throw Failure({.what = "nothing at '" + printable(path) + "' in " + id.text(),
                       .todo = "see 'ftckpt ls " + id.text() + "'",
                       .exit = Exit::no});
}

std::optional<std::string> name_of_file(store::Store& store, const store::CheckpointId& id) {
    const store::Manifest manifest = store.manifest(id);
    if (manifest.sources.size() != 1) return std::nullopt;
    const store::SourceRecord& source = manifest.sources.front();
    if (source.type != store::SourceType::tree) return std::nullopt;
    io::Kind kind = io::Kind::dir;
    list_entries(store, id, "", [&](const source::Entry& root) {
        kind = root.kind;
        return false;
    });
    const std::string name = source.origin.substr(source.origin.rfind('/') + 1);
    return kind != io::Kind::dir && io::is_name(name) ? std::optional(name) : std::nullopt;
}

void cat(store::Store& store, const store::CheckpointId& id, const std::string& path, unsigned jobs,
         const std::function<void(View)>& sink, Progress& progress) {
    store.index();
    const store::Manifest manifest = store.manifest(id);
    const std::string wanted = without_slashes(path);
    for (const store::SourceRecord& source : manifest.sources) {
        if (!is_at_or_below(wanted, source.label)) continue;
        std::string inner = wanted.substr(source.label.size());
        if (inner.starts_with('/')) inner.erase(0, 1);
        (void)send_content(store, source, inner, {.jobs = jobs, .sink = sink, .where = id.text()}, progress);
        return;
    }
    throw Failure({.what = "no file '" + printable(path) + "' in " + id.text(),
                   .todo = "see 'ftckpt ls " + id.text() + "'",
                   .exit = Exit::no});
}

}  // namespace ft::ckpt
