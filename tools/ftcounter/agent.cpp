#include "libcore/counter/remote.h"
#include "tools/common/opened_counter.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

struct AgentOptions {
    std::string path;
};

void declare(ui::Flags& flags, AgentOptions& options) {
    flags.positional("PATH", options.path, "the replica's file, which need not exist yet");
}

Exit run(ui::Env& env, const AgentOptions& options) {
    Disk disk;
    io::Located place = disk.locate(options.path);
    counter::LocalReplica replica(std::move(place.dir), std::move(place.name));
    proc::Input input = proc::Input::of_stdin(env.stop_descriptor());
    env.data_on_stdout();
    counter::serve(replica, env.clock(), input, [&](View bytes) {
        env.out().write(bytes);
        env.out().flush();
    });
    env.summary("", ui::Answer().text("replica", options.path));
    return Exit::done;
}

}  // namespace

ui::Command add_agent() {
    return ui::make_command<AgentOptions>(
        {.name = "agent",
         .usage = {"PATH"},
         .purpose = "serve one replica on stdin and stdout, for a coordinator on another host",
         .examples = {{"ftcounter create jobs --replica a --replica 'pipe:ftcounter agent b'",
                       "who counts starts it; for another host: 'pipe:ssh host ftcounter agent /srv/jobs'"}}},
        declare, run);
}

}  // namespace ft::tools
