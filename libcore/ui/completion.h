// Completion scripts for bash, zsh and fish, made from what the commands declare.
#pragma once

#include <string>
#include <string_view>

#include "libcore/ui/command.h"

namespace ft::ui {

/// shell  "bash", "zsh" or "fish"; any other is a usage Failure.
[[nodiscard]] std::string completion_script(const Tool& tool, std::string_view shell);

}  // namespace ft::ui
