// One function a command; each is in the file of its name, or with its kin.
#pragma once

#include "libcore/ui/command.h"

namespace ft::tools {

[[nodiscard]] ui::Command add_begin();
[[nodiscard]] ui::Command add_participants();
[[nodiscard]] ui::Command add_prepare();
[[nodiscard]] ui::Command add_commit();
[[nodiscard]] ui::Command add_abort();
[[nodiscard]] ui::Command add_run();
[[nodiscard]] ui::Command add_serve();
[[nodiscard]] ui::Command add_recover();
[[nodiscard]] ui::Command add_transaction_list();
[[nodiscard]] ui::Command add_transaction_show();
[[nodiscard]] ui::Command add_resolve();
[[nodiscard]] ui::Command add_forget();
[[nodiscard]] ui::Command add_transaction_agent();
[[nodiscard]] ui::Command add_transaction_repair();

}  // namespace ft::tools
