#include "libcore/proc/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace ft::proc {

namespace {

constexpr int grace_ms = 2000;    // between SIGTERM and SIGKILL
constexpr int parting_ms = 1000;  // between the end of a program's input and its own

/// Everything the child needs until it runs its program. Until then it shares our memory, and nothing may allocate or
/// lock.
struct Launch {
    std::vector<std::string> words, variables;
    std::vector<char*> argv, envp;
    std::vector<std::string> candidates;  // what PATH makes of the program's name
    std::string folder;
    int input = -1, output = -1, descriptor_3 = -1;
    std::optional<std::uint64_t> signs_at;
    int error = 0;  // why it does not run
    std::optional<rlim_t> descriptor_limit;
    bool own_group = false;
    pid_t parent = 0;
};

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& added) {
    std::vector<std::string> result;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        bool replaced = false;
        for (const auto& [name, value] : added)
            replaced = replaced || (text.starts_with(name) && text.substr(name.size(), 1) == "=");
        if (!replaced) result.push_back(text);
    }
    for (const auto& [name, value] : added) result.push_back(fmt::format("{}={}", name, value));
    return result;
}

std::vector<std::string> candidates_of(const std::string& program) {
    if (program.find('/') != std::string::npos) return {program};
    const char* path = std::getenv("PATH");
    std::string folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    std::vector<std::string> result;
    for (std::size_t start = 0; start <= folders.size();) {
        const std::size_t end = std::min(folders.find(':', start), folders.size());
        const std::string folder = folders.substr(start, end - start);
        result.push_back((folder.empty() ? "." : folder) + "/" + program);
        start = end + 1;
    }
    return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

void reset_signals() {
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
        struct sigaction current {};
        // What the user ignores (nohup) stays ignored; what we ignore or handle does not concern the child.
        if (::sigaction(signal, nullptr, &current) != 0) continue;
        const bool ours = signal == SIGPIPE || signal == SIGXFSZ;
        if (ours || current.sa_handler != SIG_IGN) ::signal(signal, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void limit_descriptors(rlim_t soft) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = std::min(soft, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// In the child, as what follows: only calls of signal-safety(7).
bool sign(const Launch& launch) {
    if (!launch.signs_at) return true;
    char line[1024];
    const int stat = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const ssize_t size = stat < 0 ? -1 : ::read(stat, line, sizeof line);
    if (size <= 0) return false;
    for (ssize_t done = 0; done < size;) {
        const ssize_t count = ::pwrite(launch.descriptor_3, line + done, static_cast<std::size_t>(size - done),
                                       static_cast<off_t>(*launch.signs_at) + done);
        if (count == 0) errno = EIO;  // never seen; without this the loop would not end
        if (count > 0)
            done += count;
        else if (count == 0 || errno != EINTR)
            return false;
    }
    return true;
}

void place_descriptors(const Launch& launch) {
    if (launch.input >= 0) ::dup2(launch.input, STDIN_FILENO);
    if (launch.output >= 0) ::dup2(launch.output, STDOUT_FILENO);
    if (launch.descriptor_3 == 3)
        ::fcntl(3, F_SETFD, 0);
    else if (launch.descriptor_3 >= 0)
        ::dup2(launch.descriptor_3, 3);
}

/// Returns only where there is no such program.
void become(Launch& launch) {
    reset_signals();
    if (launch.descriptor_limit) limit_descriptors(*launch.descriptor_limit);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (launch.own_group) ::setpgid(0, 0);
    if (::getppid() != launch.parent) return;  // it died before the line above
    if (!sign(launch) || (!launch.folder.empty() && ::chdir(launch.folder.c_str()) != 0)) {
        launch.error = errno;
        return;
    }
    place_descriptors(launch);
    int error = ENOENT;
    for (const std::string& candidate : launch.candidates) {
        ::execve(candidate.c_str(), launch.argv.data(), launch.envp.data());
        if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    launch.error = error;
}

int run_child(void* launch) {
    become(*static_cast<Launch*>(launch));
    return 127;  // which is its exit code
}

/// A child as posix_spawn(3) makes it: on a stack of its own in our memory, while this thread waits until it runs its
/// program, so that nothing of this process is copied. It hears no signal until reset_signals(): one would run our
/// handlers there.
pid_t clone_child(Launch& launch) {
    constexpr std::size_t stack_size = 64U << 10;
    const auto stack = std::make_unique_for_overwrite<std::max_align_t[]>(stack_size / sizeof(std::max_align_t));
    sigset_t all, former;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &former);
    const pid_t pid = ::clone(run_child, stack.get() + stack_size / sizeof(std::max_align_t),
                              CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
    errno = error;
    return pid;
}

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

Ending reap(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) throw system_failure("cannot wait for a program", "", errno);
    if (WIFSIGNALED(status)) return {.code = 0, .signal = WTERMSIG(status)};
    return {.code = WEXITSTATUS(status), .signal = 0};
}

}  // namespace

Pipe make_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_failure("cannot make a pipe", "", errno);
    return {Fd(ends[0]), Fd(ends[1])};
}

std::string Ending::text() const {
    if (signal == 0) return fmt::format("exited with {}", code);
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? fmt::format("was killed by SIG{}", name) : fmt::format("was killed by signal {}", signal);
}

Child Child::start(const Spawn& spawn) {
    check(!spawn.command.empty(), "a program to start has a name");
    Launch launch;
    launch.words = spawn.command;
    launch.variables = environment_with(spawn.environment);
    launch.argv = pointers(launch.words);
    launch.envp = pointers(launch.variables);
    launch.candidates = candidates_of(spawn.command.front());
    launch.descriptor_limit = spawn.descriptor_limit;
    launch.own_group = spawn.own_group;
    launch.folder = spawn.folder;
    launch.descriptor_3 = spawn.descriptor_3;
    launch.parent = ::getpid();

    launch.signs_at = spawn.signs_at;

    Pipe output, input;
    Fd nothing;
    if (spawn.capture_output) output = make_pipe();
    if (spawn.feed_input) input = make_pipe();
    if (!spawn.feed_input && !spawn.inherit_input) nothing = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    launch.output = spawn.output_to_errors ? STDERR_FILENO : output.write.get();
    launch.input = spawn.feed_input ? input.read.get() : nothing.get();

    const pid_t pid = clone_child(launch);
    if (pid < 0) throw system_failure("cannot start", spawn.command.front(), errno);
    Child child;
    child.pid_ = pid;
    child.own_group_ = spawn.own_group;
    child.handle_ = Fd(open_pidfd(pid));
    child.output_ = std::move(output.read);
    child.input_ = std::move(input.write);
    if (launch.error != 0) {
        [[maybe_unused]] const Ending ended = child.wait();
        throw system_failure("cannot start", spawn.command.front(), launch.error);
    }
    return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      own_group_(other.own_group_),
      handle_(std::move(other.handle_)),
      output_(std::move(other.output_)),
      input_(std::move(other.input_)) {}

Child::~Child() {
    if (pid_ == 0) return;
    input_.reset();
    output_.reset();
    signal(SIGTERM);
    pollfd ended{handle_.get(), POLLIN, 0};
    if (::poll(&ended, 1, grace_ms) <= 0) signal(SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
}

std::size_t Child::read(std::span<std::byte> into) {
    for (;;) {
        const ssize_t got = ::read(output_.get(), into.data(), into.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) throw system_failure("cannot read from a program", "", errno);
    }
}

void Child::write(std::span<const std::byte> bytes, int stop) {
    while (!bytes.empty()) {
        pollfd ready[] = {{input_.get(), POLLOUT, 0}, {stop, POLLIN, 0}};
        while (stop >= 0 && ::poll(ready, 2, -1) < 0)
            if (errno != EINTR) throw system_failure("cannot write to a program", "", errno);
        if (ready[1].revents != 0) throw Failure({.what = "stopped"});
        // A pipe that is ready takes so much at once without waiting (pipe(7)).
        const std::size_t part = stop >= 0 ? std::min<std::size_t>(bytes.size(), PIPE_BUF) : bytes.size();
        const ssize_t written = ::write(input_.get(), bytes.data(), part);
        if (written >= 0)
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            throw system_failure("cannot write to a program", "", errno);
    }
}

void Child::dismiss() {
    input_.reset();
    pollfd ended{handle_.get(), POLLIN, 0};
    (void)again([&] { return ::poll(&ended, 1, parting_ms); });
}

Ending Child::wait() {
    const Ending ending = reap(pid_);
    pid_ = 0;
    return ending;
}

std::optional<Ending> Child::wait_or(std::initializer_list<int> descriptors) {
    std::vector<pollfd> ready{{handle_.get(), POLLIN, 0}};
    for (const int descriptor : descriptors) ready.push_back({descriptor, POLLIN, 0});
    while (::poll(ready.data(), ready.size(), -1) < 0)
        if (errno != EINTR) throw system_failure("cannot wait for a program", "", errno);
    if (ready[0].revents == 0) return std::nullopt;
    return wait();
}

void Child::end() {
    signal(SIGTERM);
    pollfd ended{handle_.get(), POLLIN, 0};
    (void)again([&] { return ::poll(&ended, 1, grace_ms); });
    signal(SIGKILL);
    (void)wait();
}

void Child::signal(int number) const {
    if (pid_ != 0) ::kill(own_group_ ? -pid_ : pid_, number);  // it is not reaped yet, so the number is still its own
}

}  // namespace ft::proc
