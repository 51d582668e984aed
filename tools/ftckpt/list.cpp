#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"
#include "tools/ftckpt/describe.h"

namespace ft::tools {

namespace {

struct ListOptions {
    StoreOptions store;
    std::optional<std::string> name;
    bool names = false;
};

void declare(ui::Flags& flags, ListOptions& options) {
    flags.positional("NAME", options.name, "only this name's checkpoints");
    declare_store(flags, options.store);
    flags.toggle("--names", options.names, "print only names: NAME and NAME@SEQ, a line each");
}

Exit list_names(ui::Env& env, store::Store& store, const std::vector<store::CheckpointId>& all) {
    for (const std::string& name : store.names()) env.item(name, ui::Answer().text("name", name));
    for (const store::CheckpointId& id : all) env.item(id.text(), ui::Answer().text("checkpoint", id.text()));
    env.summary("", ui::Answer().number("checkpoints", all.size()));
    return Exit::done;
}

using Align = ui::Columns::Align;

/// The rows of an answer: text is aligned when all are known, fields are kept beside it.
struct Rows {
    ui::Columns columns{
        {Align::left, Align::left, Align::right, Align::right, Align::right, Align::right, Align::left}};
    std::vector<ui::Answer> fields;
    std::size_t damaged = 0;

    void add(const store::Manifest& manifest, bool pinned) {
        const Sums sums = sums_of(manifest);
        columns.row({store::CheckpointId{manifest.name, manifest.sequence}.text(), human_time(manifest.finished),
                     counted(sums.files, "file", "files"), human_bytes(sums.bytes),
                     "+" + human_bytes(manifest.bytes_stored),
                     human_duration(static_cast<double>(manifest.times.total) / 1e6), marks_of(manifest, pinned)});
        fields.push_back(manifest_answer(manifest, pinned));
    }
    void add_damaged(const store::CheckpointId& id, const Failure& failure) {
        columns.row({id.text(), "damaged", "", "", "", "", ""});
        fields.push_back(damaged_answer(id, failure));
        ++damaged;
    }
};

Exit run(ui::Env& env, const ListOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    store::Store& store = opened.store();
    const std::vector<store::CheckpointId> all = select(store, options.name);
    if (options.names) return list_names(env, store, all);
    Rows rows;
    for (const store::CheckpointId& id : all) {
        const Look look = look_at(store, id);
        if (const auto* manifest = std::get_if<store::Manifest>(&look)) rows.add(*manifest, ckpt::is_pinned(store, id));
        if (const auto* failure = std::get_if<Failure>(&look)) rows.add_damaged(id, *failure);
    }
    const std::vector<std::string> lines = rows.columns.lines();
    for (std::size_t i = 0; i < lines.size(); ++i) env.item(lines[i], rows.fields[i]);
    env.summary("", ui::Answer().number("checkpoints", lines.size()).number("damaged", rows.damaged));
    if (rows.damaged != 0)
        env.warn(counted(rows.damaged, "checkpoint is", "checkpoints are") + " damaged; see 'ftckpt verify --quick'");
    return rows.damaged != 0 ? Exit::damage : Exit::done;
}

}  // namespace

ui::Command add_list() {
    return ui::make_command<ListOptions>(
        {.name = "list",
         .usage = {"[NAME]"},
         .purpose = "list the checkpoints of a store, oldest first",
         .examples = {{"ftckpt list", "all of them"}, {"ftckpt list job", "those of job"}},
         .details =
             {"Columns: checkpoint, when it was saved, files, their bytes, bytes that the store grew by, T_save, and "
              "'incomplete' (something was skipped or changing) or 'pinned'."}},
        declare, run);
}

}  // namespace ft::tools
