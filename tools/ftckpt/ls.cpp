#include <fmt/format.h>

#include <array>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/opened_store.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct LsOptions {
    StoreOptions store;
    std::string checkpoint;
    std::optional<std::string> path;
    bool null_ended = false, wide = false;
};

void declare(ui::Flags& flags, LsOptions& options) {
    flags.positional("NAME[@SEL]", options.checkpoint, "@7, @latest (default), @latest-1, @2026-11-23T10:00");
    flags.positional("PATH", options.path, "only this, and what lies below it");
    declare_store(flags, options.store);
    flags.toggle("-l, --long", options.wide, "with mode, owner, size and time");
    flags.toggle("-0, --null", options.null_ended, "end each name with NUL instead of newline");
}

/// "drwxr-sr-t", as ls(1) writes it.
std::string mode_text(const source::Entry& entry) {
    constexpr std::array kinds{'-', 'd', 'l', 'p', 'c', 'b', 's'};  // in the order of io::Kind
    std::string text(1, kinds.at(static_cast<std::size_t>(entry.kind) - 1));
    for (int shift = 6; shift >= 0; shift -= 3) {
        const std::uint32_t bits = entry.mode >> shift;
        text += (bits & 4U) != 0 ? 'r' : '-';
        text += (bits & 2U) != 0 ? 'w' : '-';
        text += (bits & 1U) != 0 ? 'x' : '-';
    }
    const auto special = [&](std::uint32_t bit, std::size_t at, char letter) {
        if ((entry.mode & bit) != 0) text[at] = text[at] == 'x' ? letter : static_cast<char>(letter - 'a' + 'A');
    };
    special(04000, 3, 's');
    special(02000, 6, 's');
    special(01000, 9, 't');
    return text;
}

std::string kind_name(io::Kind kind) {
    switch (kind) {
        case io::Kind::file:
            return "file";
        case io::Kind::dir:
            return "dir";
        case io::Kind::symlink:
            return "symlink";
        case io::Kind::fifo:
            return "fifo";
        case io::Kind::char_device:
            return "char_device";
        case io::Kind::block_device:
            return "block_device";
        case io::Kind::socket:
            return "socket";
    }
    return "unknown";
}

using Owners = std::map<std::uint32_t, std::string>;

std::string owner_text(const Owners& names, std::uint32_t number) {
    const auto found = names.find(number);
    return found != names.end() ? found->second : std::to_string(number);
}

/// Printing one checkpoint's entries.
class Printer {
public:
    Printer(ui::Env& env, const LsOptions& options, const store::Manifest& manifest)
        : env_(env), options_(options), manifest_(manifest), to_people_(env.out().is_terminal()) {}

    void print(const source::Entry& entry) {
        ++count_;
        if (env_.common().json) return env_.item("", fields(entry));
        if (env_.common().quiet) return;
        env_.out().write(options_.wide ? wide(entry) : shown(entry.path));
        env_.out().write(std::string_view(options_.null_ended ? "\0" : "\n", 1));
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    /// Exact for programs; on a terminal no name may drive it.
    [[nodiscard]] std::string shown(const std::string& path) const {
        const std::string& name = path.empty() ? "." : path;
        return to_people_ && !options_.null_ended ? printable(name) : name;
    }
    [[nodiscard]] std::string wide(const source::Entry& entry) const {
        std::string line = fmt::format("{} {:<8} {:<8} {:>12} {} {}", mode_text(entry),
                                       owner_text(manifest_.users, entry.uid), owner_text(manifest_.groups, entry.gid),
                                       entry.size, human_time(entry.mtime), shown(entry.path));
        if (entry.kind == io::Kind::symlink) line += " -> " + shown(entry.symlink);
        if (!entry.hard_link.empty()) line += " = " + shown(entry.hard_link);
        return line;
    }
    [[nodiscard]] ui::Answer fields(const source::Entry& entry) const {
        ui::Answer answer;
        answer.text("path", entry.path)
            .text("kind", kind_name(entry.kind))
            .text("mode", fmt::format("{:04o}", entry.mode));
        answer.number("uid", entry.uid).number("gid", entry.gid).number("size", entry.size).time("mtime", entry.mtime);
        if (entry.kind == io::Kind::symlink) answer.text("target", entry.symlink);
        if (!entry.hard_link.empty()) answer.text("hard_link", entry.hard_link);
        return answer.flag("changed", entry.changed);
    }

    ui::Env& env_;
    const LsOptions& options_;
    const store::Manifest& manifest_;
    bool to_people_;
    std::uint64_t count_ = 0;
};

Exit run(ui::Env& env, const LsOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    const store::CheckpointId id = opened.store().resolve(options.checkpoint);
    opened.store().index();
    const store::Manifest manifest = opened.store().manifest(id);
    Printer printer(env, options, manifest);
    ckpt::list_entries(opened.store(), id, options.path.value_or(""), [&](const source::Entry& entry) {
        printer.print(entry);
        return !env.progress().stop;
    });
    env.summary("", ui::Answer().text("checkpoint", id.text()).number("entries", printer.count()));
    return Exit::done;
}

}  // namespace

ui::Command add_ls() {
    return ui::make_command<LsOptions>({.name = "ls",
                                        .usage = {"NAME[@SEL] [PATH]"},
                                        .purpose = "list the files of a checkpoint",
                                        .examples = {{"ftckpt ls job", "all that the newest checkpoint of job holds"},
                                                     {"ftckpt ls -l job@7 logs", "what lies below logs"}}},
                                       declare, run);
}

}  // namespace ft::tools
