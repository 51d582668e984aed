#include "libcore/ckpt/verbs.h"
#include "tools/common/opened_store.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct PinOptions {
    StoreOptions store;
    std::vector<std::string> checkpoints;
};

void declare(ui::Flags& flags, PinOptions& options) {
    flags.positionals("NAME@SEQ", options.checkpoints, 1, "which checkpoints");
    declare_store(flags, options.store);
}

Exit change(ui::Env& env, const PinOptions& options, bool (*act)(store::Store&, const store::CheckpointId&),
            const char* done) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    std::vector<store::CheckpointId> all;
    for (const std::string& word : options.checkpoints) all.push_back(opened.store().resolve(word));
    for (const store::CheckpointId& id : all) {
        const bool changed = act(opened.store(), id);
        env.did(std::string(done) + " " + id.text());
        if (!changed) env.remark(id.text() + " was " + done + " already");
    }
    env.summary("", ui::Answer().number(done, all.size()));
    return Exit::done;
}

Exit run_pin(ui::Env& env, const PinOptions& options) { return change(env, options, ckpt::pin, "pinned"); }
Exit run_unpin(ui::Env& env, const PinOptions& options) { return change(env, options, ckpt::unpin, "unpinned"); }

}  // namespace

ui::Command add_pin() {
    return ui::make_command<PinOptions>({.name = "pin",
                                         .usage = {"NAME@SEQ..."},
                                         .purpose = "keep checkpoints whatever prune is told",
                                         .examples = {{"ftckpt pin job@7", "prune spares job@7 until it is unpinned"}}},
                                        declare, run_pin);
}

ui::Command add_unpin() {
    return ui::make_command<PinOptions>({.name = "unpin",
                                         .usage = {"NAME@SEQ..."},
                                         .purpose = "let prune remove them again",
                                         .examples = {{"ftckpt unpin job@7", "as if it had never been pinned"}}},
                                        declare, run_unpin);
}

}  // namespace ft::tools
