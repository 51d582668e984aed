// A replica on the other side of a command's stdin and stdout ("ssh host ftcounter agent /srv/jobs"), and the other
// side itself. FORMAT.md, section 4.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libcore/counter/replica.h"
#include "libcore/proc/input.h"

namespace ft::counter {

/// Starts the command when it is first asked, and again after it has ended. What it writes on stderr goes to ours.
///
/// folder  in which the command runs.
[[nodiscard]] std::unique_ptr<Replica> remote_replica(std::string command, std::string folder);

/// Answers the requests of `in` on `out` until `in` ends. Between two requests others may use the replica.
///
/// fails  where a request is not understood, or the answer cannot be written.
void serve(LocalReplica& replica, Clock& clock, proc::Input& in, const std::function<void(View)>& out);

}  // namespace ft::counter
