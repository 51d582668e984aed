// How a failure is said: in one line for people, as one object for programs.
#pragma once

#include <string>
#include <string_view>

#include "libcore/base/failure.h"
#include "libcore/ui/answer.h"

namespace ft::ui {

/// "ftckpt: cannot save 'job': /srv/ft: No space left on device; nothing changed\n"; no control byte survives.
[[nodiscard]] std::string failure_line(std::string_view tool, const Failure& failure);
/// exit, what, where, why, todo, message.
[[nodiscard]] Answer failure_answer(const Failure& failure);

}  // namespace ft::ui
