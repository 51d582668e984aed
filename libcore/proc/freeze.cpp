#include "libcore/proc/freeze.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/proc/processes.h"

namespace ft::proc {

namespace {

constexpr std::chrono::seconds stop_within{10};
constexpr std::chrono::milliseconds look_every{1};

std::string folder_of(pid_t pid) { return fmt::format("/proc/{}", pid); }

/// The process and its descendants, parents first.
std::vector<pid_t> tree_of(pid_t root) {
    std::multimap<pid_t, pid_t> children;
    for (const pid_t pid : numbers_in("/proc"))
        if (const auto status = status_of(pid)) children.emplace(status->parent, pid);
    std::vector<pid_t> tree{root};
    for (std::size_t i = 0; i < tree.size(); ++i) {
        const auto [first, last] = children.equal_range(tree[i]);
        for (auto child = first; child != last; ++child) tree.push_back(child->second);
    }
    return tree;
}

bool is_us_or_ancestor(pid_t pid) {
    pid_t at = ::getpid();
    for (int depth = 0; at > 0 && depth < 10'000; ++depth) {
        if (at == pid) return true;
        const auto status = status_of(at);
        if (!status) return false;
        at = status->parent;
    }
    return false;
}

bool is_stopped(char state) { return state == 'T' || state == 't'; }
bool is_gone(char state) { return state == 'Z' || state == 'X'; }

/// Whether every thread has stopped, or the process is gone.
bool all_threads_stopped(pid_t pid) {
    const std::string tasks = folder_of(pid) + "/task";
    const std::vector<pid_t> threads = numbers_in(tasks);
    return std::all_of(threads.begin(), threads.end(), [&](pid_t thread) {
        const auto status = status_in(fmt::format("{}/{}", tasks, thread));
        return !status || is_stopped(status->state) || is_gone(status->state);
    });
}

/// Whether the process has an end of one of these pipes open.
bool holds_pipe(pid_t pid, const std::vector<int>& inputs) {
    for (const int input : inputs) {
        struct stat ours {};
        if (::fstat(input, &ours) != 0 || !S_ISFIFO(ours.st_mode)) continue;
        for (const pid_t number : numbers_in(folder_of(pid) + "/fd")) {
            struct stat theirs {};
            const std::string path = fmt::format("/proc/{}/fd/{}", pid, number);
            if (::stat(path.c_str(), &theirs) != 0) continue;
            if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino) return true;
        }
    }
    return false;
}

Failure cannot_freeze(pid_t pid, std::string why, std::string todo, Exit exit = Exit::failed) {
    return Failure({.what = fmt::format("cannot freeze process {}", pid),
                    .where = "",
                    .why = std::move(why),
                    .todo = std::move(todo),
                    .exit = exit});
}

// ---- The watcher: a copy of this process that may only use what signal-safety(7) allows.

struct Told {
    std::int64_t pid = 0;
    std::uint64_t started = 0;
};

constexpr std::size_t most_processes = 4096;

/// Reads whom to wake; when the pipe ends, whatever the reason, wakes them and ends.
[[noreturn]] void watch(int pipe) {
    ::prctl(PR_SET_NAME, "ft-thaw");
    ::setsid();  // a signal to our group does not end it
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
    ::dup2(pipe, STDIN_FILENO);
    ::close_range(STDOUT_FILENO, ~0U, 0);  // who waits for the end of our stdout must not wait for it
    Told told[most_processes];
    std::size_t count = 0;
    for (;;) {
        const ssize_t got = ::read(STDIN_FILENO, &told[count], sizeof(Told));
        if (got == static_cast<ssize_t>(sizeof(Told)) && count + 1 < most_processes) ++count;
        if (got == 0 || (got < 0 && errno != EINTR)) break;
    }
    for (std::size_t i = 0; i < count; ++i) ::kill(static_cast<pid_t>(told[i].pid), SIGCONT);
    ::_exit(0);
}

}  // namespace

Freeze::Freeze(pid_t root, const std::vector<int>& inputs, Clock& clock) : clock_(clock) {
    if (is_us_or_ancestor(root))
        throw cannot_freeze(root, "it is this program or one that waits for it", "give the job's own process",
                            Exit::usage);
    if (!status_of(root)) throw cannot_freeze(root, "there is no such process", "nothing was stopped");
    start_watcher();
    try {
        stop_tree(root, inputs);
    } catch (...) {  // nobody stays stopped
        thaw();
        throw;
    }
}

Freeze::~Freeze() { thaw(); }

void Freeze::start_watcher() {
    Pipe pipe = make_pipe();
    watcher_ = ::fork();
    if (watcher_ < 0) throw system_failure("cannot start the watcher of --freeze", "", errno);
    if (watcher_ == 0) {
        ::close(pipe.write.get());
        watch(pipe.read.get());
    }
    to_watcher_ = std::move(pipe.write);
}

void Freeze::stop_tree(pid_t root, const std::vector<int>& inputs) {
    for (bool found_new = true; found_new;) {
        found_new = false;
        for (const pid_t pid : tree_of(root)) {
            if (std::find(seen_.begin(), seen_.end(), pid) != seen_.end()) continue;
            stop(pid, root, inputs);
            seen_.push_back(pid);
            found_new = true;
        }
        if (seen_.size() >= most_processes) throw cannot_freeze(root, "it has too many descendants", "freeze less");
    }
}

void Freeze::stop(pid_t pid, pid_t root, const std::vector<int>& inputs) {
    const auto status = status_of(pid);
    if (!status || is_gone(status->state) || is_stopped(status->state)) return;
    if (holds_pipe(pid, inputs))
        throw cannot_freeze(root, fmt::format("process {} writes what is to be saved", pid),
                            "save that stream without --freeze", Exit::usage);
    // The watcher hears of it before it is stopped: there is no moment in which nobody would wake it.
    const Told told{pid, status->started};
    if (::write(to_watcher_.get(), &told, sizeof told) != static_cast<ssize_t>(sizeof told))
        throw system_failure("cannot tell the watcher of --freeze", "", errno);
    stopped_.push_back({pid, status->started});
    if (::kill(pid, SIGSTOP) != 0) {
        if (errno == ESRCH) return;
        throw system_failure(fmt::format("cannot freeze process {}", pid), "", errno);
    }
    const auto deadline = clock_.monotonic() + stop_within;
    while (!all_threads_stopped(pid)) {
        if (clock_.monotonic() > deadline) throw cannot_freeze(pid, "it did not stop within 10 s", "it runs again");
        clock_.sleep(look_every);
    }
}

void Freeze::thaw() {
    for (const Process& process : stopped_) {
        const auto status = status_of(process.pid);
        if (status && status->started == process.started) ::kill(process.pid, SIGCONT);
    }
    stopped_.clear();
    to_watcher_.reset();
    if (watcher_ > 0)
        while (::waitpid(watcher_, nullptr, 0) < 0 && errno == EINTR) {}
    watcher_ = 0;
}

}  // namespace ft::proc
