// The one command of ftrestore.
#pragma once

#include "libcore/ui/command.h"

namespace ft::tools {

[[nodiscard]] ui::Command add_restore();

}  // namespace ft::tools
