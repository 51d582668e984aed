#include <fmt/format.h>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct PruneOptions {
    StoreOptions store;
    JobsOptions jobs;
    std::optional<std::string> name;
    std::optional<std::uint64_t> last, hourly, daily, weekly, monthly;
    std::optional<std::chrono::seconds> within;
    bool dry_run = false;
};

void declare(ui::Flags& flags, PruneOptions& options) {
    flags.positional("NAME", options.name, "only this name; else each name by itself");
    declare_store(flags, options.store);
    flags.option("--keep", options.last, "N", "keep the newest N");
    flags.option("--keep-within", options.within, "DURATION", "keep what is younger than that, seen from the newest");
    flags.option("--keep-hourly", options.hourly, "N", "keep the newest of each of the last N hours that have one");
    flags.option("--keep-daily", options.daily, "N", "the same by days");
    flags.option("--keep-weekly", options.weekly, "N", "the same by weeks");
    flags.option("--keep-monthly", options.monthly, "N", "the same by months");
    flags.toggle("--dry-run", options.dry_run, "say what would go, change nothing");
    declare_jobs(flags, options.jobs);
}

ckpt::PrunePolicy policy_of(store::Store& store, const PruneOptions& options) {
    ckpt::PrunePolicy policy{.keep_last = options.last.value_or(0),
                             .keep_within = options.within,
                             .keep_hourly = options.hourly.value_or(0),
                             .keep_daily = options.daily.value_or(0),
                             .keep_weekly = options.weekly.value_or(0),
                             .keep_monthly = options.monthly.value_or(0)};
    if (options.name) policy.name = store.resolve(*options.name).name;
    const bool asked = options.last || options.hourly || options.daily || options.weekly || options.monthly;
    if (asked && !policy.any())
        throw ui::usage_failure("every --keep is 0", "", "that would remove all checkpoints",
                                "keep at least one, or remove them with 'ftckpt rm'");
    return policy;
}

void answer_checkpoint(ui::Env& env, const ckpt::Kept& one, bool all) {
    const bool goes = one.reason.empty();
    ui::Answer answer;
    answer.text("checkpoint", one.id.text()).flag("removed", goes).text("reason", one.reason);
    if (!goes && !all && !env.common().json) return;
    env.item(goes ? "remove  " + one.id.text() : fmt::format("keep    {}  {}", one.id.text(), one.reason), answer);
}

Exit run(ui::Env& env, const PruneOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    const ckpt::PruneRequest request{
        .policy = policy_of(opened.store(), options), .dry_run = options.dry_run, .jobs = options.jobs.count()};
    env.begin("pruning");
    const ckpt::PruneReport report = ckpt::prune(opened.store(), request, env.clock(), env.progress());
    env.end_progress();
    const std::string done =
        fmt::format("{} {}, {} freed", options.dry_run ? "would remove" : "removed",
                    counted(report.removed, "checkpoint", "checkpoints"), human_bytes(report.bytes_freed));
    if (!options.dry_run) env.did(done);
    for (const ckpt::Kept& one : report.checkpoints)
        answer_checkpoint(env, one, options.dry_run || env.common().verbose);
    ui::Answer answer;
    answer.flag("dry_run", options.dry_run).number("removed", report.removed).number("bytes_freed", report.bytes_freed);
    answer.number("packs_removed", report.packs_removed).number("packs_rewritten", report.packs_rewritten);
    env.summary("", answer.number("bytes_waiting", report.bytes_waiting)
                        .flag("index_incomplete", report.index_incomplete)
                        .real("seconds", report.seconds));
    env.remark(done);
    if (report.bytes_waiting != 0)
        env.remark(fmt::format("{} more are freed by a later prune: a running save or restore may need them",
                               human_bytes(report.bytes_waiting)));
    if (!report.index_incomplete) return Exit::done;
    env.warn(
        "the index is damaged or incomplete: packs that it may have lost stay; run 'ftckpt repair', then prune again");
    return Exit::damage;
}

}  // namespace

ui::Command add_prune() {
    return ui::make_command<PruneOptions>(
        {.name = "prune",
         .usage = {"[NAME] --keep N ... [--dry-run]", "[--dry-run]"},
         .purpose = "remove old checkpoints, and what no checkpoint needs any more",
         .examples = {{"ftckpt prune job --keep 5", "the five newest of job stay"},
                      {"ftckpt prune --keep-within 2d --keep-daily 14 --dry-run", "only says what would go"}},
         .details =
             {"A checkpoint stays if any of the rules keeps it, or if it is pinned. Incomplete ones do not count "
              "towards what is kept. Without a rule no checkpoint is removed, only what none needs. Saves and "
              "restores may run at the same time."}},
        declare, run);
}

}  // namespace ft::tools
