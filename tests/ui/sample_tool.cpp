// A program made of run_tool and commands that end in every way a command can end. run_tool_test.cpp runs it.
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "libcore/base/text.h"
#include "libcore/ui/run_tool.h"

namespace {

using namespace ft;
using ui::Answer;
using ui::Env;
using ui::Flags;

struct Words {
    std::vector<std::string> words;
    std::vector<std::string> rest;
    int level = 1;
    std::optional<std::string> store;
};

void declare_words(Flags& flags, Words& options) {
    flags.positionals("WORD", options.words, 0, "what to say");
    flags.option("--level", options.level, "N", "how loud, 1 to 19").between(1, 19);
    flags.option("-s, --store", options.store, "DIR", "where");
    flags.rest("CMD...", options.rest, "what to say last");
}

struct Name {
    std::string name;
    std::optional<std::string> store;
};

void declare_name(Flags& flags, Name& options) {
    flags.positional("NAME[@SEL]", options.name, "a checkpoint");
    flags.option("-s, --store", options.store, "DIR", "where");
}

Exit run_name(Env& env, const Name& options) {
    env.out().line(options.name);
    return Exit::done;
}

ui::Command add_name() {
    return ui::make_command<Name>({.name = "name",
                                   .usage = {"NAME[@SEL]"},
                                   .purpose = "say a checkpoint's name",
                                   .examples = {{"sample name job@7", "its name"}},
                                   .details = {}},
                                  declare_name, run_name);
}

Exit run_echo(Env& env, const Words& options) {
    for (const std::string& word : options.words) env.item(word, Answer().text("word", word));
    for (const std::string& word : options.rest) env.item("rest " + word, Answer().text("rest", word));
    env.summary("", Answer().number("words", options.words.size()));
    return Exit::done;
}

Exit run_fail(Env&, const Words& options) {
    const std::string& how = options.words.at(0);
    if (how == "memory") throw std::bad_alloc();
    if (how == "library") throw std::runtime_error("a library's words");
    throw Failure({.what = "cannot save 'job'",
                   .where = "a\nb",
                   .why = "No space left on device",
                   .todo = "nothing changed",
                   .exit = static_cast<Exit>(*parse_number(how))});
}

Exit run_change(Env& env, const Words&) {
    env.did("saved job@7");
    env.summary("job@7", Answer().text("checkpoint", "job@7"));
    return Exit::done;
}

Exit run_much(Env& env, const Words&) {
    for (int i = 0; i < 100'000; ++i) env.item("a line that fills a pipe", Answer());
    return Exit::done;
}

/// Says that it is ready, then waits until it is asked to stop; "stubborn" does not stop by itself.
Exit run_wait(Env& env, const Words& options) {
    env.begin("waiting");
    env.out().line("ready");
    env.out().flush();
    pollfd stop{env.stop_descriptor(), POLLIN, 0};
    ::poll(&stop, 1, 20'000);
    if (!env.progress().stop) return Exit::no;
    if (!options.words.empty()) {
        env.out().line("stubborn");
        env.out().flush();
        ::poll(nullptr, 0, 20'000);
    }
    throw Failure({.what = "cannot read", .where = "stdin", .why = "stopped", .todo = ""});
}

Exit run_limit(Env& env, const Words&) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return Exit::failed;
    env.out().line(limit.rlim_cur == limit.rlim_max ? "raised" : "low");
    return Exit::done;
}

/// Reads a mapped file that is cut short meanwhile.
Exit run_bus(Env&, const Words& options) {
    const std::string& path = options.words.at(0);
    std::FILE* file = std::fopen(path.c_str(), "w+");
    if (file == nullptr || ::ftruncate(::fileno(file), 8192) != 0) return Exit::failed;
    const auto* bytes =
        static_cast<const volatile char*>(::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, ::fileno(file), 0));
    if (::ftruncate(::fileno(file), 0) != 0) return Exit::failed;
    return bytes[5000] == 0 ? Exit::done : Exit::no;
}

template <Exit (*run)(Env&, const Words&)>
ui::Command command(const char* name) {
    return ui::make_command<Words>({.name = name,
                                    .usage = {"[WORD...]", "[WORD...] -- CMD..."},
                                    .purpose = std::string("try how ") + name + " ends",
                                    .examples = {{std::string("sample ") + name + " word", "one word"}},
                                    .details = {}},
                                   declare_words, run);
}

}  // namespace

int main(int argc, char** argv) {
    return run_tool(
        {.name = "sample",
         .purpose = "end in every way a command can end",
         .commands = {[] { return command<run_echo>("echo"); }, [] { return command<run_fail>("fail"); },
                      [] { return command<run_change>("change"); }, [] { return command<run_much>("much"); },
                      [] { return command<run_wait>("wait"); }, [] { return command<run_bus>("bus"); },
                      [] { return command<run_limit>("limit"); }, add_name},
         .version = "1.2.3",
         .list_names = "printf '%s\\n' job job@7"},
        argc, argv);
}
