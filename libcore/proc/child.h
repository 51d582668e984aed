// Another program that runs for us: it ends when we do, and how it ended is known.
//
// A Child that is not waited for is ended (SIGTERM, then SIGKILL) when it goes out of scope, and the kernel ends it if
// this process dies. It starts with clean signals, without any of our descriptors but 0, 1 and 2.
//
//     Child dump = Child::start({.command = {"pg_dump", "db"}, .capture_output = true});
//     while (std::size_t n = dump.read(buffer)) ...
//     if (Ending e = dump.wait(); !e.succeeded()) throw e.failure("pg_dump db");
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/base/fd.h"

namespace ft::proc {

struct Pipe {
    Fd read, write;
};
/// Close-on-exec.
[[nodiscard]] Pipe make_pipe();

/// How a program ended.
struct Ending {
    int code = 0;    ///< its exit code, where signal is 0
    int signal = 0;  ///< that killed it
    [[nodiscard]] bool succeeded() const { return code == 0 && signal == 0; }
    /// "exited with 3", "was killed by SIGKILL".
    [[nodiscard]] std::string text() const;
};

struct Spawn {
    std::vector<std::string> command;  ///< command[0] is looked up in PATH
    bool capture_output = false;       ///< its stdout comes to read()
    bool output_to_errors = false;     ///< its stdout goes where our stderr goes
    bool feed_input = false;           ///< its stdin comes from write(); else from /dev/null
    bool inherit_input = false;        ///< its stdin is ours
    bool own_group = false;            ///< what it starts ends with it, and it cannot read the terminal
    std::vector<std::pair<std::string, std::string>> environment;  ///< added or replaced
    std::optional<std::uint64_t> descriptor_limit;                 ///< soft RLIMIT_NOFILE
    std::string folder;                                            ///< in which it runs; "": ours
    int descriptor_3 = -1;  ///< of ours, which it finds as its descriptor 3; -1: none
    /// Before it begins, its /proc/self/stat is written at this byte of the file behind its descriptor 3. Where that
    /// fails it never begins.
    std::optional<std::uint64_t> signs_at;
};

/// One thread at a time. Start it on a thread that outlives it: the kernel's promise (PR_SET_PDEATHSIG) is about
/// threads.
class Child {
public:
    /// fails  Exit::failed where the program cannot be started (missing, not executable).
    [[nodiscard]] static Child start(const Spawn& spawn);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    /// Bytes of its stdout; 0 at the end. Waits for the first only.
    [[nodiscard]] std::size_t read(std::span<std::byte> into);
    /// The descriptor that read() reads, for poll.
    [[nodiscard]] int output() const { return output_.get(); }
    /// All of it, then more may follow; fails with EPIPE where the program does not listen any more.
    ///
    /// stop  a descriptor: once it is readable, waiting ends in a Failure; -1: none.
    void write(std::span<const std::byte> bytes, int stop = -1);
    void close_input() { input_.reset(); }
    /// For a program that works until its input ends: ends its input and waits until it has ended, for 1 s at most.
    void dismiss();

    /// Waits for its end.
    [[nodiscard]] Ending wait();
    /// As wait(), but std::nullopt once one of `descriptors` is readable.
    [[nodiscard]] std::optional<Ending> wait_or(std::initializer_list<int> descriptors);
    void signal(int number) const;
    /// SIGTERM, and SIGKILL for what is left of it, or of its group, when it has ended or 2 s are over.
    void end();
    /// Readable once it has ended, for poll.
    [[nodiscard]] int handle() const { return handle_.get(); }
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    Child() = default;
    pid_t pid_ = 0;  // 0: waited for, or moved from
    bool own_group_ = false;
    Fd handle_;  // a pidfd
    Fd output_, input_;
};

}  // namespace ft::proc
