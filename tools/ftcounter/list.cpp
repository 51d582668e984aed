#include <algorithm>

#include "libcore/base/failure.h"
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

/// The value, or why there is none.
Exit show(ui::Env& env, Disk& disk, const std::string& name) {
    std::optional<std::int64_t> value;
    std::string why;
    Exit exit = Exit::done;
    try {
        const std::unique_ptr<Counting> counting = open_counting(env, disk, {.name = name});
        const counter::Operation get{.kind = counter::Operation::Kind::get};
        value = counting->run({&get, 1}).front().value;
    } catch (const Failure& failure) {  // one counter's failure is its line
        env.progress().step();
        why = failure.parts().why;
        exit = failure.exit();
    }
    ui::Answer fields;
    fields.text("counter", name);
    if (value) fields.integer("value", *value);
    env.item(printable(name) + "  " + (value ? std::to_string(*value) : why), fields.text("why", why));
    return exit;
}

Exit run(ui::Env& env, const ListOptions& options) {
    Disk disk;
    const std::unique_ptr<io::Dir> dir = disk.find(counter::names_folder());
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
