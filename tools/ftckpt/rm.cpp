#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct RmOptions {
    StoreOptions store;
    std::vector<std::string> checkpoints;
    bool force = false;
};

void declare(ui::Flags& flags, RmOptions& options) {
    flags.positionals("NAME@SEQ", options.checkpoints, 1, "what to remove, each named exactly");
    declare_store(flags, options.store);
    flags.toggle("--force", options.force, "also pinned ones");
}

/// All of them before the first is touched, so that a mistake removes nothing.
std::vector<store::CheckpointId> resolve_all(store::Store& store, const RmOptions& options) {
    std::vector<store::CheckpointId> all;
    for (const std::string& word : options.checkpoints) {
        if (word.find('@') == std::string::npos)
            throw ui::usage_failure("which checkpoint?", "'" + printable(word) + "'",
                                    "a name alone is not enough to remove",
                                    "give NAME@SEQ; see 'ftckpt list " + printable(word) + "'");
        all.push_back(store.resolve(word));
        if (!options.force && ckpt::is_pinned(store, all.back()))
            throw Failure({.what = "cannot remove " + all.back().text(),
                           .why = "it is pinned",
                           .todo = "nothing changed; 'ftckpt unpin " + all.back().text() + "' first, or --force",
                           .exit = Exit::no});
    }
    return all;
}

Exit run(ui::Env& env, const RmOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    const std::vector<store::CheckpointId> all = resolve_all(opened.store(), options);
    for (const store::CheckpointId& id : all) {
        ckpt::remove_checkpoint(opened.store(), id);
        env.did("removed " + id.text());
        env.item("", ui::Answer().text("removed", id.text()));
    }
    env.remark("removed " + counted(all.size(), "checkpoint", "checkpoints") + "; 'ftckpt prune' gives the space back");
    env.summary("", ui::Answer().number("removed", all.size()));
    return Exit::done;
}

}  // namespace

ui::Command add_rm() {
    return ui::make_command<RmOptions>(
        {.name = "rm",
         .usage = {"NAME@SEQ..."},
         .purpose = "remove checkpoints",
         .examples = {{"ftckpt rm job@7", "one checkpoint; its space comes back with prune"}}},
        declare, run);
}

}  // namespace ft::tools
