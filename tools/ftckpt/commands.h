// The commands of ftckpt, one file each.
#pragma once

#include "libcore/ui/command.h"

namespace ft::tools {

[[nodiscard]] ui::Command add_save();
[[nodiscard]] ui::Command add_list();
[[nodiscard]] ui::Command add_show();
[[nodiscard]] ui::Command add_diff();
[[nodiscard]] ui::Command add_ls();
[[nodiscard]] ui::Command add_cat();
[[nodiscard]] ui::Command add_rm();
[[nodiscard]] ui::Command add_pin();
[[nodiscard]] ui::Command add_unpin();
[[nodiscard]] ui::Command add_verify();
[[nodiscard]] ui::Command add_prune();
[[nodiscard]] ui::Command add_repair();
[[nodiscard]] ui::Command add_status();

}  // namespace ft::tools
