// The programs under test, as processes: those of FT_BIN, else those that lie beside the test.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libcore/proc/child.h"

namespace ft::drill {

/// {"ftckpt", "save", ...}
using Command = std::vector<std::string>;

/// Becomes readable after that time.
[[nodiscard]] Fd timer(std::chrono::nanoseconds after);

/// How a command ended.
struct Ran {
    proc::Ending ending;
    std::string answer;                   ///< its stdout
    std::chrono::nanoseconds duration{};  ///< from its start; of no meaning where it was killed
    [[nodiscard]] bool killed() const { return ending.signal == SIGKILL; }
};

/// Who is killed, and when after the start of all.
struct Kill {
    std::optional<std::size_t> victim;  ///< all, where there is none
    std::chrono::nanoseconds after{};
};

class Programs {
public:
    explicit Programs(const std::filesystem::path& store);

    /// fails  std::runtime_error where it does not end within minutes.
    [[nodiscard]] Ran run(const Command& command) const;
    /// All at once. A kill that comes too late meets nobody.
    [[nodiscard]] std::vector<Ran> run_beside(const std::vector<Command>& commands,
                                              const std::optional<Kill>& kill) const;

    /// Its stdout comes to read(), and where `feed` says so its stdin from write().
    [[nodiscard]] proc::Child start(const Command& command, bool feed = false) const;

private:
    std::filesystem::path folder_, store_;
};

}  // namespace ft::drill
