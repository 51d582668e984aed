// The lines of a stream as they come: what is there is taken at once, and only where nothing is there one waits.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "libcore/proc/input.h"

namespace ft::tools {

class Lines {
public:
    explicit Lines(proc::Input input) : input_(std::move(input)) {}

    /// The next line without its newline, valid until the next call of anything; std::nullopt where none is here. A
    /// line longer than `longest` comes in pieces.
    [[nodiscard]] std::optional<std::string_view> next();
    /// Whether more is there, or comes within so long.
    [[nodiscard]] bool is_ready(std::chrono::microseconds within) { return ended_ || input_.is_ready(within); }
    /// Waits for more. false: the stream has ended.
    [[nodiscard]] bool read();

    static constexpr std::size_t longest = 64 * 1024;

private:
    proc::Input input_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(4 * longest);
    std::size_t begin_ = 0, end_ = 0;  // of what was read and not yet given out
    bool ended_ = false;
};

}  // namespace ft::tools
