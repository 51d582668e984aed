#include "tests/drill/single_step.h"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>

namespace ft::drill {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + " (single steps need ptrace(2) on own children)");
}

/// Its status once it stands still or has ended.
int wait_for(pid_t child) {
    int status = 0;
    if (::waitpid(child, &status, 0) != child) fail("cannot wait for the child");
    return status;
}

pid_t start(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child < 0) fail("cannot fork");
    if (child != 0) return child;
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    ::raise(SIGSTOP);
    work();
    ::raise(SIGSTOP);  // tells the parent that the work is done
    ::_exit(0);
}

bool stopped_by(int status, int signal) { return WIFSTOPPED(status) && WSTOPSIG(status) == signal; }

}  // namespace

Fate kill_after(std::uint64_t instructions, const std::function<void()>& work) {
    const pid_t child = start(work);
    int status = wait_for(child);
    if (!stopped_by(status, SIGSTOP)) fail("the child did not stop");
    Fate fate = Fate::killed;
    for (std::uint64_t i = 0; i < instructions; ++i) {
        if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0) fail("cannot step");
        status = wait_for(child);
        if (stopped_by(status, SIGTRAP)) continue;
        if (!stopped_by(status, SIGSTOP)) fail("the child did something else");
        fate = Fate::finished;
        break;
    }
    ::kill(child, SIGKILL);
    while (!WIFSIGNALED(wait_for(child))) continue;
    return fate;
}

}  // namespace ft::drill
