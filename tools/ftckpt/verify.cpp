#include <fmt/format.h>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct VerifyOptions {
    StoreOptions store;
    JobsOptions jobs;
    std::optional<std::string> checkpoint;
    bool quick = false;
};

void declare(ui::Flags& flags, VerifyOptions& options) {
    flags.positional("NAME[@SEL]", options.checkpoint, "only this name, or this checkpoint");
    declare_store(flags, options.store);
    flags.toggle("--quick", options.quick, "check all but the content of files");
    declare_jobs(flags, options.jobs);
}

ckpt::VerifyRequest request_of(store::Store& store, const VerifyOptions& options) {
    ckpt::VerifyRequest request{.quick = options.quick, .jobs = options.jobs.count()};
    if (!options.checkpoint) return request;
    const store::CheckpointId id = store.resolve(*options.checkpoint);
    if (options.checkpoint->find('@') == std::string::npos)
        request.name = id.name;
    else
        request.checkpoint = id;
    return request;
}

void answer_damaged(ui::Env& env, const ckpt::Damaged& one) {
    const std::string what = one.checkpoint.empty() ? "" : one.checkpoint + ": ";
    env.item(fmt::format("{}{}: {}", what, printable(one.path), printable(one.why)),
             ui::Answer().text("checkpoint", one.checkpoint).text("path", one.path).text("why", one.why));
}

Exit run(ui::Env& env, const VerifyOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    const ckpt::VerifyRequest request = request_of(opened.store(), options);
    env.begin("verifying");
    const ckpt::VerifyReport report = ckpt::verify(opened.store(), request, env.clock(), env.progress());
    env.end_progress();
    for (const ckpt::Damaged& one : report.damaged) answer_damaged(env, one);
    ui::Answer answer;
    answer.number("checkpoints", report.checkpoints).number("packs", report.packs).number("chunks", report.chunks);
    answer.number("bytes", report.bytes).number("damaged", report.damaged_count).flag("quick", options.quick);
    env.summary("", answer.real("seconds", report.seconds));
    const std::string looked_at =
        fmt::format("{}, {}, {} in {}", counted(report.checkpoints, "checkpoint", "checkpoints"),
                    counted(report.packs, "pack", "packs"), human_bytes(report.bytes), human_duration(report.seconds));
    if (report.damaged_count == 0) {
        env.remark("no damage: " + looked_at);
        return Exit::done;
    }
    env.warn(fmt::format("{} in {}; the next save stores again what it can, 'ftckpt repair' tells what is lost",
                         counted(report.damaged_count, "object is damaged", "objects are damaged"), looked_at));
    return Exit::damage;
}

}  // namespace

ui::Command add_verify() {
    return ui::make_command<VerifyOptions>(
        {.name = "verify",
         .usage = {"[NAME[@SEL]] [--quick]"},
         .purpose = "read what is stored and check every checksum",
         .examples = {{"ftckpt verify", "everything"},
                      {"ftckpt verify job@latest --quick", "all but the files' content"}},
         .details = {"Prints one line for each damaged object; exit code 4 if there is one."}},
        declare, run);
}

}  // namespace ft::tools
