// The frame around every program: words in, one exit code out, and the one place where failures are caught.
//
//     int main(int argc, char** argv) {
//         return ft::run_tool({.name = "ftckpt", .purpose = "...", .commands = {add_save, add_list}}, argc, argv);
//     }
#pragma once

#include "libcore/ui/command.h"

namespace ft {

/// Runs the command that argv names.
///
/// returns  an exit code of the table in ft(7); ends by the signal itself where the user stopped it.
/// promise  a mistyped command or flag runs nothing; a failure is one line on stderr, or with --json one object;
///          stdout is flushed, and an answer that could not be written is never exit 0.
[[nodiscard]] int run_tool(const ui::Tool& tool, int argc, char** argv);

}  // namespace ft
