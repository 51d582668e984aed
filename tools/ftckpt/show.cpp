#include <fmt/format.h>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/ui/env.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"
#include "tools/ftckpt/describe.h"

namespace ft::tools {

namespace {

struct ShowOptions {
    StoreOptions store;
    std::string checkpoint;
};

void declare(ui::Flags& flags, ShowOptions& options) {
    flags.positional("NAME[@SEL]", options.checkpoint, "@7, @latest (default), @latest-1, @2026-11-23T10:00");
    declare_store(flags, options.store);
}

std::string type_name(store::SourceType type) {
    if (type == store::SourceType::shm) return "segment";
    return type == store::SourceType::stream ? "stream" : "tree";
}

std::vector<Note> notes_of(const store::Manifest& manifest) {
    std::vector<Note> notes;
    for (const store::SavedNote& note : manifest.notes)
        notes.push_back({note.what, note.why, note.first, note.count, note.incomplete});
    return notes;
}

std::string source_line(const store::SourceRecord& source) {
    std::string line = fmt::format("{} {}", type_name(source.type), printable(source.origin));
    if (!source.label.empty()) line += fmt::format(" as '{}'", printable(source.label));
    if (source.type == store::SourceType::tree) line += ": " + counted(source.entry_count, "entry", "entries");
    line += fmt::format(", {}", human_bytes(source.content_bytes));
    if (source.changed_count != 0) line += fmt::format(", {} changed while read", source.changed_count);
    return line;
}

double seconds_of(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

std::string times_line(const store::SaveTimes& times) {
    const auto text = [](std::uint64_t us) { return human_duration(seconds_of(us)); };
    return fmt::format("T_save {} (walk {}, read {}, digest {}, compress {}, write {}, sync {})", text(times.total),
                       text(times.walk), text(times.read), text(times.digest), text(times.compress), text(times.write),
                       text(times.sync));
}

std::string text_of(const store::Manifest& manifest, bool pinned) {
    std::vector<std::pair<std::string, std::string>> rows;
    rows.emplace_back("checkpoint", store::CheckpointId{manifest.name, manifest.sequence}.text());
    if (const std::string marks = marks_of(manifest, pinned); !marks.empty()) rows.emplace_back("state", marks);
    rows.emplace_back("saved", human_time(manifest.finished));
    if (!manifest.host.empty()) rows.emplace_back("host", printable(manifest.host));
    for (const store::SourceRecord& source : manifest.sources) rows.emplace_back("source", source_line(source));
    rows.emplace_back("bytes", fmt::format("{} read, {} new, {} stored", human_bytes(manifest.bytes_read),
                                           human_bytes(manifest.bytes_new), human_bytes(manifest.bytes_stored)));
    rows.emplace_back("times", times_line(manifest.times));
    if (!manifest.transaction.empty()) rows.emplace_back("transaction", manifest.transaction);
    for (const Note& note : notes_of(manifest)) rows.emplace_back("note", ui::note_text(note));
    std::string text;
    for (const auto& [key, value] : rows) text += fmt::format("{}{:<12} {}", text.empty() ? "" : "\n", key, value);
    return text;
}

ui::Answer fields_of(const store::Manifest& manifest, bool pinned) {
    std::vector<ui::Answer> sources;
    for (const store::SourceRecord& source : manifest.sources) {
        ui::Answer one;
        one.text("type", type_name(source.type)).text("label", source.label).text("origin", source.origin);
        one.number("entries", source.entry_count).number("files", source.file_count);
        sources.push_back(one.number("bytes", source.content_bytes).number("changed", source.changed_count));
    }
    ui::Answer times;
    times.real("T_save", seconds_of(manifest.times.total)).real("walk", seconds_of(manifest.times.walk));
    times.real("read", seconds_of(manifest.times.read)).real("digest", seconds_of(manifest.times.digest));
    times.real("compress", seconds_of(manifest.times.compress)).real("write", seconds_of(manifest.times.write));
    times.real("sync", seconds_of(manifest.times.sync));
    ui::Answer answer = manifest_answer(manifest, pinned);
    answer.text("host", manifest.host).text("command", manifest.command).text("transaction", manifest.transaction);
    answer.objects("sources", sources).object("timing", times);
    return answer.objects("notes", ui::note_answers(notes_of(manifest)));
}

Exit run(ui::Env& env, const ShowOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    const store::CheckpointId id = opened.store().resolve(options.checkpoint);
    const store::Manifest manifest = opened.store().manifest(id);
    const bool pinned = ckpt::is_pinned(opened.store(), id);
    env.summary(text_of(manifest, pinned), fields_of(manifest, pinned));
    return Exit::done;
}

}  // namespace

ui::Command add_show() {
    return ui::make_command<ShowOptions>(
        {.name = "show",
         .usage = {"NAME[@SEL]"},
         .purpose = "show what is known of a checkpoint",
         .examples = {{"ftckpt show job", "the newest of job"},
                      {"ftckpt show job@2026-11-23T10:00", "the newest at that time"}}},
        declare, run);
}

}  // namespace ft::tools
