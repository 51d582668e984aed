#include "libcore/ui/help.h"

#include <sstream>

#include "libcore/ui/answer.h"
#include "libcore/ui/completion.h"
#include "tests/catch.h"

namespace ft::ui {

namespace {

struct Options {
    std::string name;
    bool full = false;
    std::optional<std::string> file;
    std::string mode;
};

void declare(Flags& flags, Options& options) {
    flags.positional("NAME", options.name, "the checkpoint's name");
    flags.toggle("-f, --full", options.full,
                 "read every file, whatever its times say, which takes longer than trusting them and is seldom needed");
    flags.option("--a-flag-with-a-long-name", options.file, "FILE", "short");
    flags.option("--mode", options.mode, "MODE", "which").one_of({"fast", "safe"});
}

Exit run(Env&, const Options&) { return Exit::done; }

Command add_save() {
    return make_command<Options>(
        {.name = "save",
         .usage = {"NAME PATH...", "NAME --from-command -- CMD..."},
         .purpose = "save trees, files, streams and shared memory into one checkpoint of a store",
         .examples = {{"ftckpt save job ./state", "a tree"}, {"ftckpt save job -", "a stream"}},
         .details = {"A paragraph that is longer than one line of eighty columns, so that it must be wrapped."}},
        declare, run);
}

Tool sample() {
    return {.name = "ftckpt",
            .purpose = "save state",
            .commands = {add_save},
            .version = "1",
            .list_names = "ftckpt list --names"};
}

std::string help() {
    Flags flags;
    const Command command = add_save();
    const auto body = command.bind(flags);
    return command_help(sample(), command.text, flags);
}

}  // namespace

TEST_CASE("help opens with an example and is at most 80 columns wide", "[ui]") {
    for (const std::string& text : {help(), tool_help(sample())}) {
        CHECK(text.starts_with("Example: ftckpt save job ./state\n"));
        std::istringstream lines(text);
        std::string line;
        while (std::getline(lines, line)) CHECK(width_of(line) <= 80);
    }
}

TEST_CASE("help names every form, argument and flag", "[ui]") {
    const std::string text = help();
    for (const std::string part :
         {"Usage: ftckpt save NAME PATH...\n       ftckpt save NAME --from-command -- CMD...\n", "-f, --full",
          "--a-flag-with-a-long-name FILE", "NAME", "ftckpt save job -", "-h, --help"})
        CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("wrapped text keeps every word and its indentation", "[ui]") {
    CHECK(wrapped("one two three", 2, 9) == "one two\n  three");
    CHECK(wrapped("  --a  meaning of it", 7, 16) == "  --a  meaning\n       of it");
    CHECK(wrapped("unbreakableword", 0, 5) == "unbreakableword");
}

TEST_CASE("completions exist for three shells and no other", "[ui]") {
    for (const std::string shell : {"bash", "zsh", "fish"}) {
        const std::string script = completion_script(sample(), shell);
        CHECK(script.find("ftckpt list --names") != std::string::npos);
        CHECK(script.find("full") != std::string::npos);
        CHECK(script.find("fast") != std::string::npos);
        CHECK(script.find("@TOOL@") == std::string::npos);
    }
    CHECK_THROWS_AS(completion_script(sample(), "tcsh"), Failure);
}

}  // namespace ft::ui
