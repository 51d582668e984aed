// --help, in at most 80 columns, an example first.
#pragma once

#include <string>

#include "libcore/ui/command.h"
#include "libcore/ui/flags.h"

namespace ft::ui {

[[nodiscard]] std::string tool_help(const Tool& tool);
[[nodiscard]] std::string command_help(const Tool& tool, const CommandText& command, const Flags& flags);

/// How the command is called: "ftckpt save".
[[nodiscard]] std::string command_line(const Tool& tool, const CommandText& command);

/// Words of `text` in lines of at most `width` columns, all but the first indented by `indent` spaces.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t indent, std::size_t width = 80);

}  // namespace ft::ui
