#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/jobs.h"
#include "tools/common/opened_store.h"
#include "tools/ftckpt/commands.h"

namespace ft::tools {

namespace {

struct DiffOptions {
    StoreOptions store;
    JobsOptions jobs;
    std::string from, to;
};

void declare(ui::Flags& flags, DiffOptions& options) {
    flags.positional("NAME[@SEL]", options.from, "a checkpoint");
    flags.positional("NAME@SEL|DIR", options.to, "another one, or the tree that stands there now");
    declare_store(flags, options.store);
    declare_jobs(flags, options.jobs);
}

struct ChangeWords {
    char letter;
    const char* word;
};

ChangeWords words_of(ckpt::Change change) {
    switch (change) {
        case ckpt::Change::added:
            return {'+', "added"};
        case ckpt::Change::removed:
            return {'-', "removed"};
        case ckpt::Change::content:
            return {'M', "content"};
        case ckpt::Change::attributes:
            return {'m', "attributes"};
        case ckpt::Change::kind:
            return {'T', "kind"};
    }
    return {'?', "unknown"};
}

/// A path where something is, or that is written as one; else the name of a checkpoint.
bool is_path(const std::string& word) {
    struct stat what {};
    return word.find('/') != std::string::npos || word == "." || word == ".." ||
           (word.find('@') == std::string::npos && ::stat(word.c_str(), &what) == 0);
}

Exit run(ui::Env& env, const DiffOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    store::Store& store = opened.store();
    const store::CheckpointId from = store.resolve(options.from);
    const bool to_people = env.out().is_terminal();
    std::uint64_t count = 0;
    const ckpt::DiffListener to{.each =
                                    [&](const ckpt::Difference& one) {
                                        ++count;
                                        const ChangeWords words = words_of(one.change);
                                        const std::string path = one.path.empty() ? "." : one.path;
                                        env.item(fmt::format("{} {}", words.letter, to_people ? printable(path) : path),
                                                 ui::Answer().text("change", words.word).text("path", one.path));
                                    },
                                .progress = env.progress()};
    env.begin("comparing");
    if (is_path(options.to)) {
        io::Located found = disk.locate(options.to);
        if (!found.dir->stat(found.name)) throw system_failure("cannot compare", options.to, ENOENT);
        ckpt::diff_tree(store, from, std::move(found.dir), found.name, options.jobs.count(), to);
    } else {
        ckpt::diff_checkpoints(store, from, store.resolve(options.to), to);
    }
    env.summary("", ui::Answer().text("from", from.text()).text("to", options.to).number("differences", count));
    return Exit::done;
}

}  // namespace

ui::Command add_diff() {
    return ui::make_command<DiffOptions>(
        {.name = "diff",
         .usage = {"NAME@A NAME@B", "NAME@A DIR"},
         .purpose = "say what differs between two checkpoints, or a checkpoint and a tree",
         .examples = {{"ftckpt diff job@latest-1 job@latest", "what the last save changed"},
                      {"ftckpt diff job ./state", "what changed since the last save"}},
         .details = {"A line for each path: '+' added, '-' removed, 'M' other content, 'm' other attributes only, 'T' "
                     "another kind of object."}},
        declare, run);
}

}  // namespace ft::tools
