#include <fmt/format.h>

#include "libcore/base/text.h"
#include "tools/common/shared_counting.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

struct RmOptions {
    CounterOptions counter;
};

void declare(ui::Flags& flags, RmOptions& options) { declare_name(flags, options.counter); }

Exit run(ui::Env& env, const RmOptions& options) {
    Disk disk;
    counter::NamedPlace named = look_up(disk, options.counter.name);
    if (named.named.descriptor.shared) {
        remove_shared(env.clock(), named);
        env.did("removed " + options.counter.name);
        env.summary("", ui::Answer().text("counter", options.counter.name).number("left", std::uint64_t{0}));
        return Exit::done;
    }
    OpenedCounter opened(env, disk, options.counter, std::move(named));
    const std::vector<counter::Member> left = opened.counter().remove_all();
    opened.remove_name();
    env.did("removed " + options.counter.name);
    for (const counter::Member& member : left)
        env.warn(fmt::format("{}: its replica at {} could not be removed", options.counter.name,
                             printable(opened.machine().locator(member))));
    env.summary("", ui::Answer().text("counter", options.counter.name).number("left", left.size()));
    return left.empty() ? Exit::done : Exit::incomplete;
}

}  // namespace

ui::Command add_counter_rm() {
    return ui::make_command<RmOptions>({.name = "rm",
                                        .usage = {"NAME"},
                                        .purpose = "remove a counter with all its replicas",
                                        .examples = {{"ftcounter rm jobs", "for good"}}},
                                       declare, run);
}

}  // namespace ft::tools
