// `ftrestore ... -- CMD`: starts the job again, and measures how long it takes until it works (T_resume).
#pragma once

#include <string>
#include <vector>

#include "libcore/ckpt/report.h"
#include "libcore/ui/env.h"

namespace ft::tools {

/// Runs the job to its end. T_resume lasts until it says READY=1 on NOTIFY_SOCKET, else until it exits 0; then the
/// report is answered, with it. SIGINT, SIGTERM and SIGHUP are handed on to the job.
///
/// returns  Exit::done, Exit::incomplete where the restore was.
/// fails    Exit::failed where the job cannot be started or fails: what was restored stays.
[[nodiscard]] Exit resume(ui::Env& env, const std::vector<std::string>& command, ckpt::RestoreReport report,
                          bool timing);

}  // namespace ft::tools
