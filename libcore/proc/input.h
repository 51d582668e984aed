// A stream that another process writes: stdin, a FIFO, <(...) of a shell.
//
//     Input in = Input::open("/dev/fd/63", env.stop_descriptor());
//     while (std::size_t n = in.fill(buffer)) ...      // n < buffer.size() only at the end
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "libcore/proc/child.h"

namespace ft::proc {

class Input {
public:
    /// stop  a descriptor: once it is readable, waiting ends in a Failure; -1: none.
    [[nodiscard]] static Input of_stdin(int stop);
    /// fails  where it cannot be opened, or is a directory.
    [[nodiscard]] static Input open(const std::string& path, int stop);
    [[nodiscard]] static Input of_child(const Child& child, const std::string& name, int stop);

    /// Fills the buffer; less only at the stream's end.
    [[nodiscard]] std::size_t fill(std::span<std::byte> into);
    /// Waits for the first byte only; 0 at the stream's end.
    [[nodiscard]] std::size_t read_some(std::span<std::byte> into);
    /// Whether read_some() would not wait, now or within so long.
    [[nodiscard]] bool is_ready(std::chrono::microseconds within);
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] bool is_terminal() const;

private:
    Input(Fd owned, int descriptor, std::string name, int stop);
    void wait() const;
    Fd owned_;
    int descriptor_;
    std::string name_;
    int stop_;
    bool ready_ = false;  // is_ready() has seen bytes that nobody took yet
};

}  // namespace ft::proc
