#include "libcore/ckpt/verbs.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct CatOptions {
    StoreOptions store;
    JobsOptions jobs;
    std::string checkpoint;
    std::optional<std::string> path;
};

void declare(ui::Flags& flags, CatOptions& options) {
    flags.positional("NAME[@SEL]", options.checkpoint, "@7, @latest (default), @latest-1, @2026-11-23T10:00");
    flags.positional("PATH", options.path, "the file in it; not needed for a stream or a file saved alone");
    declare_store(flags, options.store);
    declare_jobs(flags, options.jobs);
}

Exit run(ui::Env& env, const CatOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    const store::CheckpointId id = opened.store().resolve(options.checkpoint);
    env.data_on_stdout();
    env.begin("reading " + id.text());
    std::uint64_t bytes = 0;
    ckpt::cat(
        opened.store(), id, options.path.value_or(""), options.jobs.count(),
        [&](View piece) {
            env.out().write(piece);
            bytes += piece.size();
        },
        env.progress());
    env.summary(
        "", ui::Answer().text("checkpoint", id.text()).text("path", options.path.value_or("")).number("bytes", bytes));
    return Exit::done;
}

}  // namespace

ui::Command add_cat() {
    return ui::make_command<CatOptions>(
        {.name = "cat",
         .usage = {"NAME[@SEL] PATH"},
         .purpose = "print one file of a checkpoint, verified",
         .examples = {{"ftckpt cat job notes.txt", "from the newest checkpoint of job"}}},
        declare, run);
}

}  // namespace ft::tools
