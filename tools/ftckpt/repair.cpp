#include <fmt/format.h>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct RepairOptions {
    StoreOptions store;
    JobsOptions jobs;
};

void declare(ui::Flags& flags, RepairOptions& options) {
    declare_store(flags, options.store);
    declare_jobs(flags, options.jobs);
}

Exit run(ui::Env& env, const RepairOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    env.begin("repairing");
    const ckpt::RepairReport report = ckpt::repair(opened.store(), options.jobs.count(), env.clock(), env.progress());
    env.end_progress();
    env.did("repaired the store");
    for (const ckpt::Damaged& one : report.lost)
        env.item(fmt::format("{} lost data: {}: {}", one.checkpoint, printable(one.path), printable(one.why)),
                 ui::Answer().text("checkpoint", one.checkpoint).text("path", one.path).text("why", one.why));
    ui::Answer answer;
    answer.number("indexes_rebuilt", report.indexes_rebuilt).number("packs", report.packs);
    answer.number("lists_removed", report.lists_removed)
        .number("packs_unreadable", report.packs_unreadable)
        .number("checkpoints_whole", report.checkpoints_whole);
    env.summary("", answer.number("checkpoints_lost", report.lost.size()).real("seconds", report.seconds));
    env.remark(fmt::format("index rebuilt from {}; {} whole", counted(report.packs, "pack", "packs"),
                           counted(report.checkpoints_whole, "checkpoint is", "checkpoints are")));
    if (report.lists_removed != 0)
        env.warn(
            fmt::format("{}; 'ftckpt verify' finds again what they said of damage",
                        counted(report.lists_removed, "unreadable list was removed", "unreadable lists were removed")));
    if (report.lost.empty()) return Exit::done;
    env.warn(fmt::format("{} lost data; a new save of the same state stores it again, 'ftckpt rm' removes them",
                         counted(report.lost.size(), "checkpoint has", "checkpoints have")));
    return Exit::damage;
}

}  // namespace

ui::Command add_repair() {
    return ui::make_command<RepairOptions>(
        {.name = "repair",
         .usage = {""},
         .purpose = "rebuild the index from the packs, and say what is lost",
         .examples = {{"ftckpt repair", "changes no checkpoint"}},
         .details = {"Prints one line for each checkpoint that lost data; exit code 4 if there is one."}},
        declare, run);
}

}  // namespace ft::tools
