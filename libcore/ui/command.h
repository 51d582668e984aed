// A program as a list of commands, each with its words for people, its flags, and the function that runs it.
//
//     Command add_list() {
//         return make_command<ListOptions>({.name = "list", .usage = {"[NAME]"}, .purpose = "list the checkpoints of a
//         store",
//                                           .examples = {{"ftckpt list", "all checkpoints, the newest last"}}},
//                                          declare_list, run_list);
//     }
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/ui/env.h"
#include "libcore/ui/flags.h"

namespace ft::ui {

struct Example {
    std::string command;  ///< as typed; the first one of a command is run by a test
    std::string meaning;
};

/// What --help says.
struct CommandText {
    std::string name;                ///< the verb; "" for the only command of a program
    std::vector<std::string> usage;  ///< what follows the verb, one form each
    std::string purpose;             ///< one line, no capital, no full stop
    std::vector<Example> examples;
    std::vector<std::string> details;  ///< paragraphs
};

struct Command {
    CommandText text;
    /// Declares the flags, and gives the function that runs the command with what they were filled with.
    std::function<std::function<Exit(Env&)>(Flags&)> bind;
    bool is_brief = false;  ///< over at once, unless it waits: then it takes steps of its progress
};

[[nodiscard]] inline Command brief(Command command) {
    command.is_brief = true;
    return command;
}

template <class Options>
[[nodiscard]] Command make_command(CommandText text, void (*declare)(Flags&, Options&),
                                   Exit (*run)(Env&, const Options&)) {
    auto bind = [declare, run](Flags& flags) -> std::function<Exit(Env&)> {
        auto options = std::make_shared<Options>();  // shared by the flags, which fill it, and the run, which reads it
        declare(flags, *options);
        return [options, run](Env& env) { return run(env, *options); };
    };
    return {std::move(text), std::move(bind)};
}

struct Tool {
    std::string name;
    std::string purpose;
    std::vector<Command (*)()> commands;
    std::string version;
    /// Prints the names that completions offer for a metavar of NAME...: "ftckpt list --names".
    std::string list_names;
    /// What other programs call a command, and what to do here: "did you mean 'save'?". Shown where it is typed.
    std::map<std::string, std::string> elsewhere = {};
};

}  // namespace ft::ui
