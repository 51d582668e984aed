// stdout and stderr, with one difference from stdio: a write that fails is a Failure.
//
//     Output out(STDOUT_FILENO, "stdout"); out.write("job@7\n"); out.flush();
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "libcore/base/bytes.h"
#include "libcore/base/fd.h"

namespace ft::ui {

/// A buffered descriptor. Thread-safe. Nothing is written unless flush() is called or the buffer is full.
class Output {
public:
    /// descriptor  stays the caller's. name, for messages: "stdout".
    Output(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
    ~Output() = default;
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// fails  with the errno in error(): EPIPE where the reader is gone.
    void write(std::string_view text);
    void write(View bytes) { write(text_of(bytes)); }
    void line(std::string_view text);
    void flush();
    /// Writes as much as there is room for, once there is any; waits at most so long for it. A pipe whose reader has
    /// stopped is waited for no longer than that; what is no pipe takes all.
    /// returns  how many bytes have gone.
    [[nodiscard]] std::size_t write_some(View bytes, std::chrono::milliseconds within);
    /// Writes and flushes; never fails. For messages about something else: a stderr that is gone must not change how
    /// a command ends.
    void try_write(std::string_view text);
    /// Whether a write has failed; nothing is written after that.
    [[nodiscard]] bool failed();
    /// As flush, and reports what only close(2) tells (a full quota on a network file system).
    void close();

    /// Much will be written: a pipe gets more room, so that its ends wait for each other less often.
    void expect_much();
    [[nodiscard]] bool is_terminal() const;
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    void write_buffer();
    void write_through(std::string_view text);
    void require_written() const;
    [[nodiscard]] int never_waiting();
    int descriptor_;
    std::string name_;
    Fd never_waiting_;  // the same pipe, opened once more so that a full one is an error
    std::mutex mutex_;
    std::string buffer_;
    int error_ = 0;  // errno of the first write that failed
};

}  // namespace ft::ui
