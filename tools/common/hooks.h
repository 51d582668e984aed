// --before and --after: shell commands around the moment in which everything is read.
#pragma once

#include <string>

#include "libcore/ui/env.h"

namespace ft::tools {

/// fails  where the command fails: nothing was changed then.
void run_before(ui::Env& env, const std::string& command);
/// Runs it whatever happened before, to its end. returns  false, with a warning said, where it failed.
[[nodiscard]] bool run_after(ui::Env& env, const std::string& command);

}  // namespace ft::tools
