// Stops a process and all its descendants for a moment, so that what they write together is seen together.
//
// SIGSTOP to each, again and again until no new child shows up: a stopped process forks no more. A watcher process
// sends SIGCONT if we die, even by SIGKILL. What was stopped before stays stopped afterwards. A descendant that
// detached itself (its parent is init) is not found.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/proc/child.h"

namespace ft::proc {

class Freeze {
public:
    /// All are stopped when it returns, every thread of them.
    ///
    /// inputs  descriptors that we will read while they are stopped.
    /// fails   Exit::failed where one may not be stopped or does not stop within 10 s; Exit::usage where the process is
    ///         this one or an ancestor of it, or writes one of the inputs: we would wait for each other for ever.
    Freeze(pid_t root, const std::vector<int>& inputs, Clock& clock);
    ~Freeze();
    Freeze(const Freeze&) = delete;
    Freeze& operator=(const Freeze&) = delete;

    /// All run again; the second call does nothing.
    void thaw();
    [[nodiscard]] std::size_t processes() const { return stopped_.size(); }

private:
    struct Process {
        pid_t pid = 0;
        std::uint64_t started = 0;  ///< clock ticks since boot: tells a process from a later one of the same number
    };
    void start_watcher();
    void stop_tree(pid_t root, const std::vector<int>& inputs);
    void stop(pid_t pid, pid_t root, const std::vector<int>& inputs);
    Clock& clock_;
    std::vector<Process> stopped_;
    std::vector<pid_t> seen_;
    Fd to_watcher_;
    pid_t watcher_ = 0;
};

}  // namespace ft::proc
