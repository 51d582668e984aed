#include "tools/ftckpt/describe.h"

#include <algorithm>

namespace ft::tools {

Sums sums_of(const store::Manifest& manifest) {
    Sums sums;
    for (const store::SourceRecord& source : manifest.sources) {
        sums.entries += source.entry_count;
        sums.files += source.file_count;
        sums.bytes += source.content_bytes;
        sums.changed += source.changed_count;
    }
    return sums;
}

Look look_at(store::Store& store, const store::CheckpointId& id) {
    try {
        return store.manifest(id);
    } catch (const Failure& failure) {
        if (failure.exit() == Exit::no) return std::monostate();
        if (failure.exit() == Exit::damage) return failure;
        throw;
    }
}

ui::Answer manifest_answer(const store::Manifest& manifest, bool pinned) {
    const Sums sums = sums_of(manifest);
    ui::Answer answer;
    answer.text("checkpoint", store::CheckpointId{manifest.name, manifest.sequence}.text()).text("name", manifest.name);
    answer.number("sequence", manifest.sequence).time("started", manifest.started).time("finished", manifest.finished);
    answer.number("entries", sums.entries).number("files", sums.files).number("bytes", sums.bytes);
    answer.number("changed", sums.changed).number("bytes_read", manifest.bytes_read);
    answer.number("bytes_new", manifest.bytes_new).number("bytes_stored", manifest.bytes_stored);
    answer.real("T_save", static_cast<double>(manifest.times.total) / 1e6);
    return answer.flag("incomplete", manifest.incomplete()).flag("pinned", pinned).flag("damaged", false);
}

ui::Answer damaged_answer(const store::CheckpointId& id, const Failure& failure) {
    ui::Answer answer;
    answer.text("checkpoint", id.text()).text("name", id.name).number("sequence", id.sequence);
    return answer.flag("damaged", true).text("where", failure.parts().where).text("why", failure.parts().why);
}

std::string marks_of(const store::Manifest& manifest, bool pinned) {
    std::string marks;
    if (manifest.incomplete()) marks = "incomplete";
    if (pinned) marks += marks.empty() ? "pinned" : ", pinned";
    return marks;
}

std::vector<store::CheckpointId> select(store::Store& store, const std::optional<std::string>& selector) {
    std::vector<store::CheckpointId> all;
    if (selector && selector->find('@') != std::string::npos) return {store.resolve(*selector)};
    std::vector<std::string> names;
    if (selector)
        names.push_back(store.resolve(*selector).name);
    else
        names = store.names();
    for (const std::string& name : names)
        for (const std::uint64_t sequence : store.sequences(name)) all.push_back({name, sequence});
    return all;
}

}  // namespace ft::tools
