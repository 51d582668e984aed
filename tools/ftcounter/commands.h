// The commands of ftcounter.
#pragma once

#include "libcore/ui/command.h"

namespace ft::tools {

[[nodiscard]] ui::Command add_create();
[[nodiscard]] ui::Command add_add();
[[nodiscard]] ui::Command add_remove();
[[nodiscard]] ui::Command add_get();
[[nodiscard]] ui::Command add_next();
[[nodiscard]] ui::Command add_replicate();
[[nodiscard]] ui::Command add_demote();
[[nodiscard]] ui::Command add_repair();
[[nodiscard]] ui::Command add_counter_status();
[[nodiscard]] ui::Command add_counter_list();
[[nodiscard]] ui::Command add_counter_rm();
[[nodiscard]] ui::Command add_pipe();
[[nodiscard]] ui::Command add_tee();
[[nodiscard]] ui::Command add_watch();
[[nodiscard]] ui::Command add_wait();
[[nodiscard]] ui::Command add_agent();

}  // namespace ft::tools
