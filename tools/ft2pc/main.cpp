#include "libcore/ui/run_tool.h"
#include "tools/ft2pc/commands.h"

int main(int argc, char** argv) {
    using namespace ft::tools;
    return ft::run_tool({.name = "ft2pc",
                         .purpose = "change several things at once, or none of them, whatever fails",
                         .commands = {add_begin, add_participants, add_prepare, add_commit, add_abort, add_run,
                                      add_serve, add_recover, add_transaction_list, add_transaction_show, add_resolve,
                                      add_forget, add_transaction_repair, add_transaction_agent},
                         .version = FT_VERSION,
                         .list_names = "ft2pc list --names"},
                        argc, argv);
}
