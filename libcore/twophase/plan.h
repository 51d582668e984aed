// A transaction as a file: what takes part, and how long it may wait. TOML; what is not understood is an error with its
// line and column.
//
//     deadline = "15m"
//     participants = [
//         "file:app.conf=app.conf.new",
//         { is = "pg:service=orders", sql = "orders.sql" },                or statements = "UPDATE ..."
//     ]
#pragma once

#include <chrono>
#include <functional>
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

/// The text of a file that a plan names.
using ReadText = std::function<std::string(const std::string& path)>;

/// where   the file's name, for messages.
/// folder  what relative paths in it are relative to: the plan's own folder.
/// fails   Exit::usage, with line and column.
[[nodiscard]] Plan parse_plan(std::string_view text, std::string_view where, const std::string& folder,
                              const ReadText& read);

}  // namespace ft::twophase
