#include <algorithm>

#include "libcore/base/text.h"
#include "tools/common/opened_counter.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

struct ListOptions {
    bool names = false;
};

void declare(ui::Flags& flags, ListOptions& options) {
    flags.toggle("--names", options.names, "print only names, a line each");
}

std::vector<std::string> names_in(io::Dir& dir) {
    std::vector<std::string> names;
    for (const io::Listed& listed : dir.list())
        if (!listed.name.starts_with('.')) names.push_back(listed.name);
    std::sort(names.begin(), names.end());
    return names;
}

/// What a majority says, or why there is none.
Exit show(ui::Env& env, Disk& disk, const std::string& name) {
    OpenedCounter opened(env, disk, {.name = name});
    const bool sound = !opened.counter().inspect().empty() && opened.counter().has_majority();
    opened.counter().release();
    const std::string value = sound ? std::to_string(opened.counter().ledger().head().value) : "no majority";
    ui::Answer fields;
    fields.text("counter", name).flag("majority", sound);
    if (sound) fields.integer("value", opened.counter().ledger().head().value);
    env.item(printable(name) + "  " + value, fields);
    return sound ? Exit::done : Exit::damage;
}

Exit run(ui::Env& env, const ListOptions& options) {
    Disk disk;
    const std::unique_ptr<io::Dir> dir = disk.find(counters_folder());
    const std::vector<std::string> names = dir ? names_in(*dir) : std::vector<std::string>();
    Exit exit = Exit::done;
    for (const std::string& name : names) {
        if (options.names)
            env.item(name, ui::Answer().text("counter", name));
        else
            exit = std::max(exit, show(env, disk, name));
    }
    env.summary("", ui::Answer().number("counters", names.size()));
    return exit;
}

}  // namespace

ui::Command add_counter_list() {
    return ui::make_command<ListOptions>({.name = "list",
                                          .usage = {""},
                                          .purpose = "the counters of FT_COUNTERS and their values",
                                          .examples = {{"ftcounter list", "a line each"}}},
                                         declare, run);
}

}  // namespace ft::tools
