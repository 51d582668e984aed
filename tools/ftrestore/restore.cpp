#include "tools/ftrestore/restore.h"

#include <fmt/format.h>

#include <filesystem>

#include <functional>

#include "libcore/base/text.h"
#include "libcore/ckpt/own_store.h"
#include "libcore/ckpt/restore.h"
#include "libcore/ckpt/tar.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftrestore/resume.h"
#include "tools/ftrestore/segment.h"

namespace ft::tools {

namespace {

struct RestoreOptions {
    StoreOptions store;
    JobsOptions jobs;
    std::string checkpoint;
    std::optional<std::string> destination;
    std::optional<std::string> keep_old, stream;
    std::vector<std::string> segments;
    std::vector<std::string> only;
    std::vector<std::string> command;
    bool replace = false, in_place = false, trust_times = false, fallback = false, dry_run = false, timing = false;
    bool tar = false;
};

void declare(ui::Flags& flags, RestoreOptions& options) {
    flags.positional("NAME[@SEL]", options.checkpoint, "@7, @latest (default), @latest-1, @2026-11-23T10:00");
    flags.positional("DEST", options.destination, "a path that does not exist or an empty directory; '-' for stdout");
    flags.rest("CMD...", options.command, "run this when all is restored");
    declare_store(flags, options.store);
    flags.toggle("--replace", options.replace, "exchange an existing DEST at once");
    flags.option("--keep-old", options.keep_old, "PATH",
                 "with --replace: keep the former DEST under this name beside it");
    flags.toggle("--in-place", options.in_place, "make DEST equal, writing only what differs");
    flags.toggle("--trust-times", options.trust_times, "with --in-place: do not read what looks equal");
    flags.option("--only", options.only, "GLOB", "only what matches: a name or a path");
    flags.option("--stream", options.stream, "LABEL", "which stream with DEST '-', or which segment with --shm");
    flags.toggle("--tar", options.tar, "with DEST '-': the trees as a pax tar stream");
    flags.option("--shm", options.segments, "/SEGMENT", "bring a shared memory segment back under this name");
    flags.toggle("--fallback", options.fallback, "if damaged, take the newest checkpoint that is not");
    flags.toggle("--dry-run", options.dry_run, "say what would be restored");
    declare_jobs(flags, options.jobs);
    flags.toggle("--timing", options.timing, "tell T_load, T_resume and T_recovery");
}

void require_sensible(const RestoreOptions& options) {
    const bool to_stdout = options.destination == "-";
    const auto clash = [](bool both, const char* what, const char* todo) {
        if (both) throw ui::usage_failure(what, "", "", todo);
    };
    clash(!options.destination && options.segments.empty(), "DEST is missing", "give a path, '-' for stdout, or --shm");
    clash(options.replace && options.in_place, "--replace and --in-place contradict each other", "give one of them");
    clash(options.keep_old && !options.replace, "--keep-old needs --replace", "add --replace");
    clash(options.trust_times && !options.in_place, "--trust-times needs --in-place", "add --in-place");
    clash(options.stream && !to_stdout && options.segments.size() != 1, "--stream needs '-' as DEST, or one --shm",
          "ftrestore NAME - --stream LABEL > FILE");
    clash(options.tar && (!to_stdout || options.stream), "--tar needs '-' as DEST, and no --stream",
          "ftrestore NAME --tar - | tar -x");
    clash(to_stdout && (options.replace || options.in_place || !options.segments.empty()),
          "--replace, --in-place and --shm do not go with stdout", "give a path, or leave them out");
    clash(to_stdout && !options.tar && !options.only.empty(), "--only does not go with a stream", "leave it out");
    clash(to_stdout && !options.command.empty(), "a command cannot follow a restore to stdout", "use a pipe instead");
}

ckpt::Placement placement_of(const RestoreOptions& options) {
    if (options.replace) return ckpt::Placement::replace;
    return options.in_place ? ckpt::Placement::in_place : ckpt::Placement::fresh;
}

/// --keep-old names a sibling: a rename is the only way in which the former tree moves at once.
std::optional<std::string> sibling_name(Disk& disk, const std::optional<std::string>& path,
                                        const io::Located& destination) {
    if (!path) return std::nullopt;
    const io::Located old = disk.locate(*path);
    if (old.dir->path() != destination.dir->path() && path->find('/') != std::string::npos)
        throw ui::usage_failure("--keep-old", *path, "it is not in the directory of DEST", "name a path beside DEST");
    if (destination.dir->stat(old.name))
        throw Failure({.what = "cannot keep the former tree",
                       .where = *path,
                       .why = "it exists",
                       .todo = "nothing changed; name another with --keep-old"});
    return old.name;
}

Exit dry_run(ui::Env& env, store::Store& store, const store::CheckpointId& id) {
    const store::Manifest manifest = store.manifest(id);
    std::uint64_t entries = 0, bytes = 0;
    for (const store::SourceRecord& source : manifest.sources) {
        entries += source.entry_count;
        bytes += source.content_bytes;
    }
    ui::Answer answer;
    answer.text("checkpoint", id.text()).time("saved_at", manifest.finished).flag("dry_run", true);
    answer.number("entries", entries).number("bytes", bytes);
    env.summary(fmt::format("would restore {}: {}, {}, saved {}", id.text(), counted(entries, "entry", "entries"),
                            human_bytes(bytes), human_time(manifest.finished)),
                answer);
    return Exit::done;
}

ckpt::RestoreReport restore_to_stdout(ui::Env& env, const RestoreOptions& options, store::Store& store,
                                      const ckpt::RestoreRequest& request) {
    ui::Output& out = env.out();
    const std::function<void(View)> sink = [&](View bytes) { out.write(bytes); };
    ckpt::RestoreReport report = options.tar ? ckpt::restore_tar(store, request, sink, env.clock(), env.progress())
                                             : ckpt::restore_stream(store, request, options.stream.value_or(""), sink,
                                                                    env.clock(), env.progress());
    out.flush();
    return report;
}

/// DEST, or in it: a file that was saved alone is put into a directory, as by cp(1), and never in the place of one.
std::string path_of_destination(const RestoreOptions& options, store::Store& store, const store::CheckpointId& id) {
    std::error_code none;
    if (!std::filesystem::is_directory(*options.destination, none)) return *options.destination;
    const std::optional<std::string> file = ckpt::name_of_file(store, id);
    return file ? io::join_path(*options.destination, *file) : *options.destination;
}

/// DEST needs a name to be published under; in place, "." has the one of the directory that it is.
io::Located locate_destination(Disk& disk, const std::string& path, bool in_place) {
    io::Located found = disk.locate(path);
    if (found.name != ".") return found;
    std::error_code none;
    const std::filesystem::path real = std::filesystem::canonical(path, none);
    if (in_place && !none && real.has_filename()) return disk.locate(real);
    throw ui::usage_failure("cannot restore to", path, "it has no name of its own to be published under",
                            "write its name: ftrestore NAME ../DIR, or use --in-place");
}

ckpt::RestoreReport restore_to_path(ui::Env& env, Disk& disk, const RestoreOptions& options, store::Store& store,
                                    const ckpt::RestoreRequest& request) {
    const std::string path = path_of_destination(options, store, request.checkpoint);
    const io::Located found = locate_destination(disk, path, options.in_place);
    const ckpt::TreeDestination destination{.parent = *found.dir,
                                            .name = found.name,
                                            .placement = placement_of(options),
                                            .trust_times = options.trust_times,
                                            .keep_old = sibling_name(disk, options.keep_old, found),
                                            .own_store = ckpt::find_store_in(path, store.backend().path())};
    ckpt::RestoreReport report = ckpt::restore_tree(store, request, destination, env.clock(), env.progress());
    env.did(fmt::format("restored {} to {}", request.checkpoint.text(), path));
    return report;
}

ckpt::RestoreReport restore_all(ui::Env& env, Disk& disk, const RestoreOptions& options, store::Store& store,
                                const ckpt::RestoreRequest& request) {
    if (options.destination == "-") return restore_to_stdout(env, options, store, request);
    ckpt::RestoreReport report;
    if (options.destination) report = restore_to_path(env, disk, options, store, request);
    for (const std::string& name : options.segments) {
        const SegmentRequest segment{.name = name, .label = options.stream, .replace = options.replace};
        ckpt::RestoreReport one = restore_segment(env, disk, store, request, segment);
        env.did(fmt::format("restored {} to --shm {}", request.checkpoint.text(), name));
        one.destination = report.destination.empty() ? one.destination : report.destination + " " + one.destination;
        one.load_s += report.load_s;
        one.bytes_written += report.bytes_written;
        one.totals.entries += report.totals.entries;
        one.totals.files += report.totals.files;
        one.totals.bytes += report.totals.bytes;
        one.notes.insert(one.notes.begin(), report.notes.begin(), report.notes.end());
        report = std::move(one);
    }
    return report;
}

/// Its failures say what was being restored, and what stands at DEST now.
ckpt::RestoreReport restore_explained(ui::Env& env, Disk& disk, const RestoreOptions& options, store::Store& store,
                                      const ckpt::RestoreRequest& request) {
    try {
        return restore_all(env, disk, options, store, request);
    } catch (const Failure& failure) {
        const bool said = failure.parts().what.starts_with("cannot restore") || failure.exit() == Exit::usage;
        const Failure in_context = said ? failure : failure.within("cannot restore " + request.checkpoint.text());
        if (!env.what_was_done().empty()) throw in_context.advised(env.what_was_done());
        if (options.in_place) throw in_context.advised("it may be half done: run it again to finish it");
        throw options.replace || options.destination == "-" ? in_context : in_context.advised("nothing changed");
    }
}

/// Whether damage shows before anything is published: then nothing has to be read twice.
bool is_all_or_nothing(const RestoreOptions& options) {
    const std::size_t places = options.segments.size() + (options.destination ? 1 : 0);
    return places == 1 && options.destination != "-" && !options.in_place;
}

/// Reads all of it. fails  damage.
void require_sound(ui::Env& env, const RestoreOptions& options, store::Store& store, const store::CheckpointId& id) {
    const ckpt::VerifyRequest request{.checkpoint = id, .jobs = options.jobs.count()};
    const ckpt::VerifyReport report = ckpt::verify(store, request, env.clock(), env.progress());
    if (report.damaged_count == 0) return;
    const ckpt::Damaged& first = report.damaged.front();
    throw damage(first.path.empty() ? id.text() : id.text() + ": " + printable(first.path), first.why);
}

/// --fallback: the one that was asked for, else the newest older one of its name that is undamaged.
ckpt::RestoreReport restore_newest_sound(ui::Env& env, Disk& disk, const RestoreOptions& options, store::Store& store,
                                         ckpt::RestoreRequest request) {
    const store::CheckpointId wanted = request.checkpoint;
    std::vector<std::uint64_t> sequences = store.sequences(wanted.name);
    for (; !sequences.empty(); sequences.pop_back()) {
        request.checkpoint.sequence = sequences.back();
        if (request.checkpoint.sequence > wanted.sequence) continue;
        try {
            if (!is_all_or_nothing(options)) require_sound(env, options, store, request.checkpoint);
            ckpt::RestoreReport report = restore_explained(env, disk, options, store, request);
            if (request.checkpoint != wanted) report.fallback_from = wanted.text();
            return report;
        } catch (const Failure& failure) {  // damage is what the older ones are for
            if (failure.exit() != Exit::damage) throw;
        }
    }
    throw damage(wanted.text(), "it and every older checkpoint of its name are damaged")
        .advised("nothing changed; see 'ftckpt verify'");
}

Exit run(ui::Env& env, const RestoreOptions& options) {
    require_sensible(options);
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    const store::CheckpointId wanted = opened.store().resolve(options.checkpoint);
    if (options.dry_run) return dry_run(env, opened.store(), wanted);
    if (options.destination == "-") env.data_on_stdout();
    env.begin(fmt::format("restoring {}", wanted.text()));
    const ckpt::RestoreRequest request{.checkpoint = wanted,
                                       .jobs = options.jobs.count(),
                                       .only = options.only,
                                       .powers = source::TreeBuilder::of_this_process()};
    ckpt::RestoreReport report = options.fallback ? restore_newest_sound(env, disk, options, opened.store(), request)
                                                  : restore_explained(env, disk, options, opened.store(), request);
    opened.store().leave();  // the job may run for days, and a prune need not wait for it
    if (!options.command.empty()) return resume(env, options.command, std::move(report), options.timing);
    answer_restore(env, report, options.timing);
    return report.incomplete() ? Exit::incomplete : Exit::done;
}

}  // namespace

ui::Command add_restore() {
    return ui::make_command<RestoreOptions>(
        {.name = "",
         .usage = {"NAME[@SEL] DEST [--replace | --in-place]", "NAME[@SEL] -", "NAME[@SEL] --tar -",
                   "NAME[@SEL] --shm /SEGMENT", "NAME[@SEL] DEST -- CMD..."},
         .purpose = "bring a checkpoint back: whole, verified byte by byte, published at once",
         .examples = {{"ftrestore job ./restored", "the newest checkpoint of job"},
                      {"ftrestore job@latest-1 ./state --replace", "the one before, in the place of ./state"},
                      {"ftrestore db - | psql db", "a stream"},
                      {"ftrestore job --tar - | tar -x -C /elsewhere", "a tree as a tar stream"},
                      {"ftrestore job ./state --replace -- ./run-job", "restore, then start the job again"}},
         .details =
             {"DEST appears whole or not at all. A byte whose checksum does not fit is never handed out: exit code "
              "4 names what is damaged."}},
        declare, run);
}

}  // namespace ft::tools
