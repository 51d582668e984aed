#include "libcore/ckpt/previous.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::ckpt {
namespace {

using source::Entry;

bool same_stat(const Entry& a, const Entry& b) {
    return a.kind == b.kind && a.size == b.size && a.mtime == b.mtime && a.ctime == b.ctime && a.ino == b.ino &&
           a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.rdev == b.rdev && a.hard_link == b.hard_link &&
           a.linked == b.linked;
}

}  // namespace

std::optional<store::Manifest> previous_manifest(store::Store& store, const std::string& name) {
    const std::vector<std::uint64_t> sequences = store.sequences(name);
    for (auto at = sequences.rbegin(); at != sequences.rend(); ++at) {
        try {
            return store.manifest({name, *at});
        } catch (const Failure& f) {  // damaged or just removed: the one before serves as well
            if (f.exit() != Exit::damage && f.exit() != Exit::no) throw;
        }
    }
    return std::nullopt;
}

Previous::Previous(store::Store& store, store::Writer& writer, const store::Manifest* manifest, store::SourceType type,
                   const std::string& label)
    : writer_(writer) {
    if (manifest == nullptr) return;
    const auto source =
        std::find_if(manifest->sources.begin(), manifest->sources.end(),
                     [&](const store::SourceRecord& record) { return record.type == type && record.label == label; });
    if (source == manifest->sources.end()) return;
    file_clock_ = manifest->file_clock;
    reader_ = std::make_unique<store::Reader>(store, 16U << 20);
    entries_ = std::make_unique<StoredEntries>(*reader_, source->entries, "the previous checkpoint");
    advance();
}

void Previous::advance() {
    try {
        next_ = entries_->next_whole();
    } catch (const Failure& f) {  // a damaged predecessor costs time, not correctness
        if (f.exit() != Exit::damage) throw;
        next_.reset();
    }
}

std::optional<Entry> Previous::unchanged(const source::Found& found) {
    while (next_ && source::compare_paths(next_->path, found.entry.path) < 0) advance();
    if (!next_ || next_->path != found.entry.path) return std::nullopt;
    const bool racy = next_->mtime >= file_clock_ || next_->ctime >= file_clock_;
    const bool memory_file = !found.on_disk && found.entry.kind == io::Kind::file;
    if (racy || memory_file || next_->changed || !same_stat(*next_, found.entry) || !reliable(next_->runs))
        return std::nullopt;
    Entry entry = std::move(*next_);
    advance();
    return entry;
}

bool Previous::reliable(const std::vector<source::Run>& runs) const {
    return std::all_of(runs.begin(), runs.end(), [&](const source::Run& run) {
        return run.length == 0 || writer_.known({run.digest, run.length});
    });
}

}  // namespace ft::ckpt
