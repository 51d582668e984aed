#include "libcore/twophase/agent.h"

#include <fmt/format.h>

#include <mutex>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/proc/input.h"
#include "libcore/twophase/serve_lines.h"
#include "libcore/twophase/spec.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct AgentOptions {
    HomeOptions home;
    PaceOptions pace;
    std::vector<std::string> participants;
};

void declare(ui::Flags& flags, AgentOptions& options) {
    declare_home(flags, options.home);
    flags.option("--prepare-wait", options.pace.prepare, "TIME",
                 "vote no where not all here have by then (default 30s)");
    flags.option("--deliver-wait", options.pace.deliver, "TIME",
                 "answer 'again' where not all here have it by then (default 10s)");
    flags.positionals("PARTICIPANT", options.participants, 1, "what takes part on this host");
}

Exit run(ui::Env& env, const AgentOptions& options) {
    std::vector<Spec> parts;
    for (const std::string& word : options.participants) parts.push_back(parse_spec(word, current_folder()));
    OpenedHome opened(env, options.home, true);
    Agent agent(*opened.home(), std::move(parts), opened.makers(options.pace), env.clock(), env.progress(),
                pace_of(options.pace));
    proc::Input input = proc::Input::of_stdin(env.stop_descriptor());
    env.data_on_stdout();
    std::mutex mutex;  // guards stdout
    const auto answer = [&](std::string_view line, std::uint64_t) {
        const std::optional<Asked> asked = parse_asked(line);
        if (!asked)
            throw Failure({.what = "cannot understand a request",
                           .where = "stdin",
                           .why = "'" + printable(line) + "'",
                           .todo = "see ft-participant(7); it is for 'ft2pc add ... pipe:CMD' to start an agent",
                           .exit = Exit::usage});
        const std::string text = line_of(agent.answer(*asked)) + "\n";
        const std::lock_guard lock(mutex);
        env.out().write(view_of(text));
        env.out().flush();
    };
    const std::uint64_t answered = serve_lines(input, answer, {});
    env.summary("", ui::Answer().number("answered", answered));
    return Exit::done;
}

}  // namespace

ui::Command add_transaction_agent() {
    return ui::make_command<AgentOptions>(
        {.name = "agent",
         .usage = {"PARTICIPANT..."},
         .purpose = "take part in a transaction of another host, over stdin and stdout",
         .examples = {{"ft2pc run -p file:a=a.new -p \"pipe:ssh host ft2pc agent file:/srv/b=/srv/b.new\"",
                       "the coordinator starts the agent; nobody else has to"}}},
        declare, run);
}

}  // namespace ft::tools
