#include "libcore/ui/run_tool.h"
#include "tools/ftcounter/commands.h"

int main(int argc, char** argv) {
    using namespace ft::tools;
    return ft::run_tool({.name = "ftcounter",
                         .purpose = "count, and never lose or double what was acknowledged",
                         .commands = {add_create, add_add, add_remove, add_get, add_next, add_replicate, add_demote,
                                      add_repair, add_counter_status, add_counter_list, add_counter_rm, add_pipe,
                                      add_tee, add_watch, add_wait, add_agent},
                         .version = FT_VERSION,
                         .list_names = "ftcounter list --names"},
                        argc, argv);
}
