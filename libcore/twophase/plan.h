// A transaction as a file: what takes part, and how long it may wait. TOML; what is not understood is an error with its
// line and column.
//
//     deadline = "15m"
//     participants = ["file:app.conf=app.conf.new", "counter:jobs+1"]
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/twophase/participant.h"

namespace ft::twophase {

struct Plan {
    std::optional<std::chrono::seconds> deadline;
    std::vector<Spec> parts;
};

/// where   the file's name, for messages.
/// folder  what relative paths in it are relative to: the plan's own folder.
/// fails   Exit::usage, with line and column.
[[nodiscard]] Plan parse_plan(std::string_view text, std::string_view where, const std::string& folder);

}  // namespace ft::twophase
