#include "libcore/ui/run_tool.h"
#include "tools/ftckpt/commands.h"

int main(int argc, char** argv) {
    using namespace ft::tools;
    return ft::run_tool({.name = "ftckpt",
                         .purpose = "save the state of a job, to bring it back after a crash",
                         .commands = {add_save, add_list, add_show, add_diff, add_ls, add_cat, add_rm, add_pin,
                                      add_unpin, add_verify, add_prune, add_repair, add_status},
                         .version = FT_VERSION,
                         .list_names = "ftckpt list --names"},
                        argc, argv);
}
