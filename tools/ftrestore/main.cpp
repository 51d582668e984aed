#include "libcore/ui/run_tool.h"
#include "tools/ftrestore/restore.h"

int main(int argc, char** argv) {
    return ft::run_tool({.name = "ftrestore",
                         .purpose = "bring a checkpoint back, verified, published at once",
                         .commands = {ft::tools::add_restore},
                         .version = FT_VERSION,
                         .list_names = "ftckpt list --names"},
                        argc, argv);
}
