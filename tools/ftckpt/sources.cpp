#include "tools/ftckpt/sources.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "libcore/base/text.h"
#include "libcore/ckpt/own_store.h"
#include "libcore/ui/flags.h"
#include "tools/common/shm.h"

namespace ft::tools {

namespace {

constexpr std::uint64_t exclude_file_limit = 16U << 20;

struct Labelled {
    std::string label, value;
};

/// "db=./dump": both parts are needed, and the label must be able to be a file name.
Labelled split_label(const std::string& flag, const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
        throw ui::usage_failure(flag, "", fmt::format("'{}' is not LABEL=...", printable(text)),
                                fmt::format("for example {} db=...", flag));
    const std::string label = text.substr(0, equals);
    if (label.find('/') != std::string::npos || label == "." || label == "..")
        throw ui::usage_failure(flag, "", fmt::format("'{}' cannot be a label", printable(label)),
                                "give a name without '/'");
    return {label, text.substr(equals + 1)};
}

std::string base_name(const std::string& path, const std::string& name) {
    if (name != ".") return name;
    std::error_code ignored;  // then the name is empty, and the fallback says what it is
    const std::string real = std::filesystem::canonical(path, ignored).filename().string();
    return real.empty() ? "root" : real;
}

std::vector<std::string> lines_of(std::string_view text, char end) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find(end), text.size());
        const std::string_view line = text.substr(0, size);
        if (!line.empty() && (end == '\0' || line.front() != '#')) lines.emplace_back(line);
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return lines;
}

void refuse_pipe(const std::string& path) {
    struct stat what {};
    if (!path.starts_with("/dev/fd/") && !path.starts_with("/proc/")) return;
    if (::stat(path.c_str(), &what) != 0 || !S_ISFIFO(what.st_mode)) return;
    throw ui::usage_failure("cannot save a pipe as a file", path, "",
                            "give it as a stream: --stream LABEL=<(COMMAND), or --stream-command LABEL=COMMAND");
}

}  // namespace

Sources::Sources(ui::Env& env, Disk& disk, const SourceOptions& options, const std::string& store, unsigned threads)
    : env_(env), disk_(disk), options_(options), store_(store), threads_(threads), excludes_(options.excludes) {
    for (const std::string& file : options.exclude_files) {
        const io::Located found = disk.locate(file);
        const Bytes text = io::read_whole(*io::open_file(*found.dir, found.name), exclude_file_limit);
        for (std::string& line : lines_of(text_of(text), options.null_separated ? '\0' : '\n'))
            excludes_.push_back(std::move(line));
    }
    require_sensible();
    for (const std::string& path : options.paths) path == "-" ? add_stdin() : add_tree(path);
    for (const std::string& name : options.segments) add_segment(name);
    for (const std::string& stream : options.streams) add_stream(stream);
    for (const std::string& text : options.stream_commands) {
        const Labelled parts = split_label("--stream-command", text);
        add_producer(parts.label, parts.value, {{"/bin/sh", "-c", parts.value}, parts.value});
    }
    if (options.from_command) {
        const std::string shown = fmt::format("{}", fmt::join(options.command, " "));
        add_producer("", shown, {options.command, shown});
    }
    if (sources_.size() == 1 && sources_.front().kind == source::SourceKind::tree) sources_.front().label.clear();
}

void Sources::require_sensible() const {
    const bool from_stdin = std::find(options_.paths.begin(), options_.paths.end(), "-") != options_.paths.end();
    const std::size_t count = options_.paths.size() + options_.segments.size() + options_.streams.size() +
                              options_.stream_commands.size() + (options_.from_command ? 1 : 0);
    if (count == 0)
        throw ui::usage_failure("nothing to save", "", "",
                                "name a PATH, '-' for stdin, --shm, or --from-command -- CMD");
    if (count > 1 && (from_stdin || options_.from_command))
        throw ui::usage_failure(from_stdin ? "'-' must be the only source" : "--from-command must be the only source",
                                "", "",
                                "with others, name it: --stream LABEL=/dev/stdin or --stream-command LABEL=COMMAND");
    if (options_.from_command != !options_.command.empty())
        throw ui::usage_failure(
            options_.from_command ? "--from-command needs a command" : "a command needs --from-command", "", "",
            "for example 'ftckpt save db --from-command -- pg_dump db'");
}

source::WalkOptions Sources::walk_options(const std::string& path) {
    source::WalkOptions walk{.excludes = excludes_, .one_file_system = options_.one_file_system, .threads = threads_};
    const std::optional<std::string> glob = ckpt::glob_of_store_in(path, store_);
    if (!glob) return walk;
    walk.excludes.push_back(*glob);
    env_.warn(fmt::format("left out the store itself: {}", store_));
    return walk;
}

void Sources::require_new(const std::string& label) const {
    for (const source::Source& other : sources_)
        if (other.label == label)
            throw ui::usage_failure(fmt::format("two sources are called '{}'", printable(label)), "", "",
                                    "save them one by one, or their parent directory");
}

void Sources::add_tree(const std::string& path) {
    refuse_pipe(path);
    io::Located found = disk_.locate(path);
    const std::optional<io::Stat> what = found.dir->stat(found.name);
    if (!what) throw system_failure("cannot save", path, ENOENT).advised("nothing changed");
    if (what->kind == io::Kind::symlink)
        env_.warn(
            fmt::format("{} is saved as the symbolic link that it is; write '{}/' for what it points to", path, path));
    const std::string label = base_name(path, found.name);
    require_new(label);
    source::Source source;
    source.kind = source::SourceKind::tree;
    source.label = label;
    source.origin = path;
    source.name = found.name;
    source.walk = walk_options(path);
    source.parent = std::move(found.dir);
    sources_.push_back(std::move(source));
}

void Sources::add_segment(const std::string& name) {
    const std::string file = segment_file(name);
    std::shared_ptr<io::Dir> folder = disk_.open(segments_folder);
    const std::optional<io::Stat> what = folder->stat(file);
    if (!what || what->kind != io::Kind::file)
        throw Failure({.what = "cannot save",
                       .where = "--shm " + name,
                       .why = "there is no such segment",
                       .todo = fmt::format("nothing changed; see 'ls {}'", segments_folder)});
    require_new(file);
    source::Source source;
    source.kind = source::SourceKind::shm;
    source.label = file;
    source.origin = "--shm " + name;
    source.parent = std::move(folder);
    source.name = file;
    sources_.push_back(std::move(source));
}

void Sources::add_stdin() {
    proc::Input input = proc::Input::of_stdin(env_.stop_descriptor());
    if (input.is_terminal())
        throw ui::usage_failure("stdin is a terminal", "", "", "pipe something into it: PRODUCER | ftckpt save NAME -");
    add_producer("", "-", {.command = {}, .shown = "", .input = std::move(input)});
}

void Sources::add_stream(const std::string& labelled) {
    const Labelled parts = split_label("--stream", labelled);
    add_producer(parts.label, parts.value,
                 {.command = {}, .shown = "", .input = proc::Input::open(parts.value, env_.stop_descriptor())});
}

void Sources::add_producer(const std::string& label, const std::string& origin, Producer producer) {
    require_new(label);
    producers_.push_back(std::move(producer));
    source::Source source;
    source.kind = source::SourceKind::stream;
    source.label = label;
    source.origin = origin;
    source.read = [from = &producers_.back()](std::span<std::byte> into) { return from->read(into); };
    sources_.push_back(std::move(source));
}

void Sources::start_commands() {
    for (Producer& producer : producers_) {
        if (producer.command.empty()) continue;
        producer.child.emplace(proc::Child::start(
            {.command = producer.command, .capture_output = true, .descriptor_limit = env_.descriptor_limit()}));
        producer.input = proc::Input::of_child(*producer.child, producer.shown, env_.stop_descriptor());
    }
}

std::size_t Sources::Producer::read(std::span<std::byte> into) {
    const std::size_t got = input->fill(into);
    if (got == into.size() || !child) return got;
    // Its end is only an end if the command says that it succeeded.
    const proc::Ending ending = child->wait();
    child.reset();
    if (!ending.succeeded())
        throw Failure({.what = "the command failed",
                       .where = "'" + printable(shown) + "'",
                       .why = ending.text(),
                       .todo = "nothing was saved"});
    return got;
}

std::vector<int> Sources::inputs() const {
    std::vector<int> descriptors;
    for (const Producer& producer : producers_)
        if (producer.input) descriptors.push_back(producer.input->descriptor());
    return descriptors;
}

std::string Sources::origins() const {
    std::vector<std::string> all;
    for (const source::Source& source : sources_) all.push_back(source.origin);
    return fmt::format("{}", fmt::join(all, " "));
}

}  // namespace ft::tools
