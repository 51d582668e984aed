// From what the library reports to what the programs answer: fields for --json, lines for people.
#pragma once

#include <string>

#include "libcore/ckpt/report.h"
#include "libcore/ui/env.h"

namespace ft::tools {

void answer_save(ui::Env& env, const ckpt::SaveReport& report, bool timing);
void answer_restore(ui::Env& env, const ckpt::RestoreReport& report, bool timing);

/// "12,345 files".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace ft::tools
