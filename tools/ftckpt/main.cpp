#include "libcore/ui/run_tool.h"
#include "tools/ftckpt/commands.h"

int main(int argc, char** argv) {
    using namespace ft::tools;
    return ft::run_tool({.name = "ftckpt",
                         .purpose = "save the state of a job, to bring it back after a crash",
                         .commands = {add_save, add_list, add_show, add_diff, add_ls, add_cat, add_rm, add_pin,
                                      add_unpin, add_verify, add_prune, add_repair, add_status},
                         .version = FT_VERSION,
                         .list_names = "ftckpt list --names",
                         .elsewhere = {{"backup", "did you mean 'save'?"},
                                       {"create", "did you mean 'save'?"},
                                       {"init", "the first 'ftckpt save' makes the store"},
                                       {"snapshots", "did you mean 'list'?"},
                                       {"restore", "that is 'ftrestore NAME DEST'"},
                                       {"extract", "that is 'ftrestore NAME DEST'"},
                                       {"dump", "did you mean 'cat'?"},
                                       {"check", "did you mean 'verify'?"},
                                       {"forget", "did you mean 'prune', or 'rm' for a single one?"},
                                       {"delete", "did you mean 'rm'?"},
                                       {"unlock", "nothing to unlock: locks end with their holders"}}},
                        argc, argv);
}
