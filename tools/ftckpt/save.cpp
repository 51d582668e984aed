#include <fmt/format.h>

#include <memory>

#include "libcore/base/text.h"
#include "libcore/ckpt/save.h"
#include "libcore/proc/freeze.h"
#include "tools/common/hooks.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
#include "tools/common/owners.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"
#include "tools/ftckpt/sources.h"

namespace ft::tools {

namespace {

struct SaveOptions {
    StoreOptions store;
    JobsOptions jobs;
    std::string name;
    SourceOptions sources;
    std::optional<std::string> before, after;
    std::optional<std::uint64_t> freeze;
    int level = 1;
    bool full = false, allow_empty = false, timing = false;
};

void declare(ui::Flags& flags, SaveOptions& options) {
    flags.positional("NAME", options.name, "the checkpoint's name; each save makes the next NAME@SEQ");
    flags.positionals("PATH", options.sources.paths, 0, "a directory or file; '-' for stdin");
    flags.rest("CMD...", options.sources.command, "with --from-command: whose output is saved");
    declare_store(flags, options.store);
    flags.toggle("--from-command", options.sources.from_command, "save what CMD prints; nothing if CMD fails");
    flags.option("--shm", options.sources.segments, "/SEGMENT", "a POSIX shared memory segment");
    flags.option("--stream", options.sources.streams, "LABEL=FILE", "a named stream: db=<(pg_dump db)");
    flags.option("--stream-command", options.sources.stream_commands, "LABEL=CMD",
                 "a named stream from a shell command; nothing is saved if it fails");
    flags.option("--exclude", options.sources.excludes, "GLOB",
                 "leave out: a name ('*.o'), or with '/' a path below the root ('build/**')");
    flags.option("--exclude-from", options.sources.exclude_files, "FILE", "the same, a line each");
    flags.toggle("-0, --null", options.sources.null_separated, "FILE's globs end with NUL instead of newline");
    flags.toggle("--one-file-system", options.sources.one_file_system, "do not enter other file systems");
    flags.option("--before", options.before, "CMD", "run before anything is read; nothing is saved if it fails");
    flags.option("--after", options.after, "CMD", "run after all is read, also if the save failed");
    flags.option("--freeze", options.freeze, "PID", "stop this process and its children while it is read");
    flags.option("--level", options.level, "N", "zstd level, 1 (default) to 19").between(1, 19);
    declare_jobs(flags, options.jobs);
    flags.toggle("--full", options.full, "read every file, whatever its times say");
    flags.toggle("--allow-empty", options.allow_empty, "save a stream of 0 bytes too");
    flags.toggle("--timing", options.timing, "tell where the time went: T_operation, T_save and its parts");
}

struct Saved {
    ckpt::SaveReport report;
    bool after_succeeded = true;
};

/// The newest checkpoint of the name, for messages.
std::string latest_text(store::Store& store, const std::string& name) {
    const std::vector<std::uint64_t> sequences = store.sequences(name);
    if (sequences.empty()) return "nothing changed";
    return fmt::format("nothing changed, latest is {}@{}", name, sequences.back());
}

/// The failure as the user sees it: what was tried, what state remains, what to do.
Failure explained(const Failure& failure, store::Store& store, const std::string& name) {
    const bool said = failure.parts().what.starts_with("cannot save");
    const Failure in_context = said ? failure : failure.within(fmt::format("cannot save '{}'", name));
    const std::string state = latest_text(store, name);
    if (failure.error() != ENOSPC && failure.error() != EDQUOT) return in_context.advised(state);
    return in_context.advised(fmt::format("{} free; {}; try 'ftckpt prune {} --keep 5'",
                                          human_bytes(store.backend().free_bytes()), state, name));
}

ckpt::SaveReport save_sources(ui::Env& env, const SaveOptions& options, OpenedStore& opened, Sources& sources) {
    const ckpt::SaveRequest request{.name = options.name,
                                    .level = options.level,
                                    .jobs = options.jobs.count(),
                                    .full = options.full,
                                    .allow_empty = options.allow_empty,
                                    .host = host_name(),
                                    .command = sources.origins(),
                                    .user_name = user_name,
                                    .group_name = group_name};
    std::optional<proc::Freeze> freeze;
    if (options.freeze) freeze.emplace(static_cast<pid_t>(*options.freeze), sources.inputs(), env.clock());
    return ckpt::save(sources.all(), opened.store(), request, env.clock(), env.progress());
}

/// The part of a save that --before and --after embrace: --after runs also where the save failed.
Saved save_between_hooks(ui::Env& env, const SaveOptions& options, OpenedStore& opened, Sources& sources) {
    if (options.before) run_before(env, *options.before);
    Saved saved;
    try {
        sources.start_commands();
        saved.report = save_sources(env, options, opened, sources);
    } catch (const Failure& failure) {
        if (options.after) static_cast<void>(run_after(env, *options.after));
        throw explained(failure, opened.store(), options.name);
    }
    env.did(fmt::format("saved {}@{}", saved.report.name, saved.report.sequence));
    saved.after_succeeded = !options.after || run_after(env, *options.after);
    return saved;
}

Exit run(ui::Env& env, const SaveOptions& options) {
    if (!store::is_valid_name(options.name))
        throw ui::usage_failure(fmt::format("'{}' cannot be a checkpoint's name", printable(options.name)), "",
                                "it may hold letters, digits, '.', '_' and '-', up to 200 bytes", "choose another");
    Disk disk;
    Sources sources(env, disk, options.sources, store_path(options.store), options.jobs.count());
    OpenedStore opened(env, disk, options.store, Opening::create);
    if (opened.store().created()) env.remark(fmt::format("made the store {}", opened.path()));
    env.begin(fmt::format("saving {}", options.name));
    const Saved saved = save_between_hooks(env, options, opened, sources);
    answer_save(env, saved.report, options.timing);
    return saved.report.incomplete() || !saved.after_succeeded ? Exit::incomplete : Exit::done;
}

}  // namespace

ui::Command add_save() {
    return ui::make_command<SaveOptions>(
        {.name = "save",
         .usage = {"NAME PATH...", "NAME -", "NAME --from-command -- CMD...",
                   "NAME [PATH...] [--shm /SEGMENT] [--stream LABEL=FILE]..."},
         .purpose = "save trees, files, streams and shared memory as one checkpoint",
         .examples = {{"ftckpt save job ./state", "a tree"},
                      {"tar c . | ftckpt save job -", "a stream"},
                      {"ftckpt save db --from-command -- pg_dump db", "a stream that must end well"},
                      {"ftckpt save job ./state --shm /table --stream db=<(pg_dump db)",
                       "a tree, a segment and a stream in one checkpoint: all or none"}},
         .details =
             {"Prints NAME@SEQ when the checkpoint is durable. What did not change since the last checkpoint of "
              "NAME is not read again. A file that changes while it is read, or cannot be read, is named, and the "
              "exit code is 3."}},
        declare, run);
}

}  // namespace ft::tools
