#include "tools/ftrestore/segment.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/ui/flags.h"
#include "tools/common/shm.h"

namespace ft::tools {

namespace {

/// The label under which the wanted segment was saved.
std::string label_of(const store::Manifest& manifest, const SegmentRequest& segment, const std::string& file) {
    std::vector<std::string> labels;
    std::string wanted = segment.label.value_or(file);
    for (const store::SourceRecord& source : manifest.sources) {
        if (source.type != store::SourceType::shm) continue;
        if (source.label == wanted) return wanted;
        labels.push_back(source.label);
    }
    if (labels.size() == 1 && !segment.label) return labels.front();
    throw Failure({.what = fmt::format("no segment '{}' in {}@{}", printable(wanted), manifest.name, manifest.sequence),
                   .why = labels.empty() ? "it holds no segment" : fmt::format("it holds {}", fmt::join(labels, ", ")),
                   .todo = "name one with --stream LABEL",
                   .exit = Exit::no});
}

bool is_zero(View bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

/// What the segment was: its mode and owner.
source::Entry entry_of(store::Store& store, const store::CheckpointId& id, const std::string& label) {
    source::Entry found;
    ckpt::list_entries(store, id, label, [&](const source::Entry& entry) {
        found = entry;
        return false;
    });
    return found;
}

}  // namespace

ckpt::RestoreReport restore_segment(ui::Env& env, Disk& disk, store::Store& store, const ckpt::RestoreRequest& request,
                                    const SegmentRequest& segment) {
    const std::string name = segment_file(segment.name);
    const std::unique_ptr<io::Dir> folder = disk.open(segments_folder);
    if (!segment.replace && folder->stat(name))
        throw Failure({.what = "cannot restore to",
                       .where = "--shm " + segment.name,
                       .why = "the segment exists",
                       .todo = "nothing changed; use --replace"});
    store.index();
    const std::string label = label_of(store.manifest(request.checkpoint), segment, name);
    const source::Entry entry = entry_of(store, request.checkpoint, label);

    const std::string hidden = fmt::format(".{}.ft-{}", name.substr(0, 200), env.clock().random_uuid().hex());
    std::unique_ptr<io::File> file = folder->create_unnamed(0600);
    check(file != nullptr, "tmpfs makes files without a name");
    file->set_size(entry.size);
    std::uint64_t at = 0;
    ckpt::RestoreReport report = ckpt::restore_stream(
        store, request, label,
        [&](View bytes) {
            if (!is_zero(bytes)) file->write_at(bytes, at);  // a hole takes no memory
            at += bytes.size();
        },
        env.clock(), env.progress());
    if (request.powers.as_root) file->set_owner(entry.uid, entry.gid);
    file->set_mode(entry.mode);
    if (!folder->publish(*file, hidden)) throw Failure({.what = "cannot publish", .where = hidden, .why = "it exists"});
    folder->rename(hidden, *folder, name);
    report.destination = "--shm " + segment.name;
    return report;
}

}  // namespace ft::tools
