// Many programs at once, each killed at its own moment, some of them talked to meanwhile.
//
//     std::vector<Played> played = play(programs, {{.command = {"ftcounter", "pipe", name}, .chunks = {"add 1\n"}}});
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/drill/programs.h"

namespace ft::drill {

struct Part {
    Command command;
    std::vector<std::string> chunks;  ///< of its stdin, each given once every line of those before has an answer
    std::optional<std::chrono::nanoseconds> kill_after;  ///< its start; std::nullopt: it ends by itself
};

struct Played {
    Ran ran;
    std::size_t given = 0;  ///< chunks that it may have read
};

/// All at once, until each has ended. A kill that comes too late meets nobody.
/// fails  std::runtime_error where one does not end within minutes.
[[nodiscard]] std::vector<Played> play(const Programs& programs, const std::vector<Part>& parts);

}  // namespace ft::drill
