#include <fmt/format.h>

#include <memory>
#include <utility>

#include "libcore/base/owners.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/save.h"
#include "libcore/proc/freeze.h"
#include "tools/common/hooks.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
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

/// What embraces the reading of the sources: --before, --freeze and --after.
class Embrace {
public:
    Embrace(ui::Env& env, const SaveOptions& options) : env_(env), options_(options) {}

    void run_before() {
        if (options_.before) tools::run_before(env_, *options_.before);
    }
    /// inputs  descriptors that are read while the process stands still.
    void freeze(const std::vector<int>& inputs) {
        if (options_.freeze) freeze_.emplace(static_cast<pid_t>(*options_.freeze), inputs, env_.clock());
    }
    /// All is read, or failed: everything goes on. The second call does nothing.
    void end() {
        freeze_.reset();
        if (std::exchange(ended_, true) || !options_.after) return;
        after_succeeded_ = false;
        after_succeeded_ = run_after(env_, *options_.after);
    }
    [[nodiscard]] bool after_succeeded() const { return after_succeeded_; }

private:
    ui::Env& env_;
    const SaveOptions& options_;
    std::optional<proc::Freeze> freeze_;
    bool ended_ = false, after_succeeded_ = true;
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

ckpt::SaveReport save_sources(ui::Env& env, const SaveOptions& options, OpenedStore& opened, Sources& sources,
                              Embrace& embrace) {
    const ckpt::SaveRequest request{.name = options.name,
                                    .level = options.level,
                                    .jobs = options.jobs.count(),
                                    .full = options.full,
                                    .allow_empty = options.allow_empty,
                                    .host = host_name(),
                                    .command = sources.origins(),
                                    .user_name = user_name,
                                    .group_name = group_name,
                                    .captured = [&] { embrace.end(); }};
    embrace.freeze(sources.inputs());
    return ckpt::save(sources.all(), opened.store(), request, env.clock(), env.progress());
}

/// The save, with --after run as soon as all is read, also where that failed.
ckpt::SaveReport save_embraced(ui::Env& env, const SaveOptions& options, OpenedStore& opened, Sources& sources,
                               Embrace& embrace) {
    embrace.run_before();
    try {
        sources.start_commands();
        return save_sources(env, options, opened, sources, embrace);
    } catch (const Failure& failure) {
        embrace.end();
        throw explained(failure, opened.store(), options.name);
    }
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
    Embrace embrace(env, options);
    const ckpt::SaveReport report = save_embraced(env, options, opened, sources, embrace);
    env.did(fmt::format("saved {}@{}", report.name, report.sequence));
    answer_save(env, report, options.timing);
    return report.incomplete() || !embrace.after_succeeded() ? Exit::incomplete : Exit::done;
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
