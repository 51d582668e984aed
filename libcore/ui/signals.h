// Signals without handlers in the way: SIGINT, SIGTERM and SIGHUP are read from a descriptor, once, by one thread.
//
// The first asks the operation to stop (Progress::stop, and stop_descriptor() for code that waits in poll); it then
// ends in its own time, cleans up, and the program dies by that signal, so that a shell sees 128+n. A second one kills
// at once.
#pragma once

#include <csignal>
#include <cstdint>

#include "libcore/base/fd.h"

namespace ft::ui {

/// Blocks the three signals for this thread and all that it starts. Make one before any thread.
/// The program's last words belong to it: the mask is not put back.
class Signals {
public:
    /// fails  where the kernel gives no descriptor.
    Signals();
    ~Signals() = default;
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// Readable when a signal has come that was not taken yet.
    [[nodiscard]] int descriptor() const { return signals_.get(); }
    /// The signal that has come; 0 where none has.
    [[nodiscard]] int take();

    /// Readable, for ever, once stop() was called.
    [[nodiscard]] int stop_descriptor() const { return stop_.get(); }
    void stop();

private:
    Fd signals_, stop_;
};

/// Ends the process by signal n with its default action.
[[noreturn]] void die_by(int signal);

/// SIGPIPE and SIGXFSZ become EPIPE and EFBIG of the call that met them.
void ignore_write_signals();

enum class BusReport { text, json_on_stdout, json_on_stderr };

/// A mapped file that is cut short under a reader, or that its disk cannot read, raises SIGBUS: says so, with the
/// file's name, and ends with exit 4 (damage).
void report_bus_errors(BusReport as);

/// Descriptors 0, 1 and 2 exist afterwards, so that no file of ours can take the place of a closed stdout.
void open_standard_descriptors();

/// Soft limit of open files up to the hard one. returns  what it was.
std::uint64_t raise_descriptor_limit();

}  // namespace ft::ui
