#include "tools/common/hooks.h"

#include <fmt/format.h>

#include "libcore/base/text.h"
#include "libcore/proc/child.h"

namespace ft::tools {

namespace {

/// Its stdout goes to stderr: ours is for the answer.
proc::Child start_shell(const ui::Env& env, const std::string& command) {
    return proc::Child::start(
        {.command = {"/bin/sh", "-c", command}, .output_to_errors = true, .descriptor_limit = env.descriptor_limit()});
}

}  // namespace

void run_before(ui::Env& env, const std::string& command) {
    proc::Child child = start_shell(env, command);
    const auto ending = child.wait_or({env.stop_descriptor()});
    if (ending && ending->succeeded()) return;
    throw Failure({.what = "--before failed",
                   .where = "'" + printable(command) + "'",
                   .why = ending ? ending->text() : "stopped",
                   .todo = "nothing changed"});
}

bool run_after(ui::Env& env, const std::string& command) {
    proc::Child child = start_shell(env, command);
    const proc::Ending ending = child.wait();
    if (!ending.succeeded()) env.warn(fmt::format("--after failed: '{}' {}", command, ending.text()));
    return ending.succeeded();
}

}  // namespace ft::tools
