#include "libcore/ui/run_tool.h"
#include "tools/ftckpt/commands.h"

int main(int argc, char** argv) {
    using namespace ft::tools;
    return ft::run_tool({.name = "ftckpt",
                         .purpose = "save the state of a job, to bring it back after a crash",
                         .commands = {add_save},
                         .version = FT_VERSION,
                         .list_names = "ftckpt list --names"},
                        argc, argv);
}
