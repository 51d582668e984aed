// The only file that knows CLI11: it compiles in seconds what the rest of the program needs once.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "libcore/base/text.h"
#include "libcore/ui/flags.h"

namespace ft::ui {

namespace {

std::string see_help(const std::string& command) { return fmt::format("see '{} --help'", command); }

Failure unknown_flag(const Flags& flags, const std::string& command, const std::string& word) {
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> known{"--help", "--version"};
    for (const Option& option : flags.options()) known.push_back(option.long_name());
    const std::optional<std::string> meant = name.starts_with("--") ? did_you_mean(name, known) : std::nullopt;
    return usage_failure(fmt::format("unknown flag '{}'", printable(name)), "", "",
                         meant ? fmt::format("did you mean '{}'?", *meant) : see_help(command));
}

/// CLI11's own flags go: --help is answered before parsing, by help.cpp.
/// Positionals are what is left over: given to CLI11 as such, a word like "[]" would vanish.
std::map<const Option*, CLI::Option*> declare(CLI::App& app, const Flags& flags) {
    app.set_help_flag();
    app.allow_extras();
    std::map<const Option*, CLI::Option*> declared;
    for (const Option& option : flags.options()) {
        std::string names = option.short_name();
        if (!names.empty()) names += ",";
        names += option.long_name();
        CLI::Option* made = option.metavar().empty() ? app.add_flag(names)
                                                     : app.add_option(names)->expected(1)->allow_extra_args(false);
        made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        declared.emplace(&option, made);
    }
    return declared;
}

void parse_words(CLI::App& app, const std::string& command, std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
        app.parse(std::move(words));
    } catch (const CLI::ParseError& error) {  // the library's exceptions end here, as ours
        std::string why = error.what();
        throw usage_failure(why.substr(0, why.find('\n')), "", "", see_help(command));
    }
}

void deliver_options(const std::map<const Option*, CLI::Option*>& declared, const Flags& flags,
                     const std::string& command) {
    for (const Option& option : flags.options()) {
        const CLI::Option* given = declared.at(&option);
        if (given->count() == 0) continue;
        const std::string& what = option.long_name();
        if (option.metavar().empty()) {
            if (given->results().front() != "true") throw usage_failure(what, "", "takes no value", see_help(command));
        } else if (!option.repeated() && given->results().size() > 1) {
            throw usage_failure(what, "", "given more than once", "give it once");
        }
        for (const std::string& value : given->results())
            if (const auto refused = option.take(value)) throw usage_failure(what, "", *refused, see_help(command));
    }
}

void deliver_positionals(const std::vector<Positional>& wanted, const std::string& command,
                         const std::vector<std::string>& given) {
    std::size_t next = 0;
    for (const Positional& positional : wanted) {
        const std::size_t most = positional.many ? given.size() : std::min(next + 1, given.size());
        const std::size_t taken = most - std::min(next, most);
        if (taken < positional.least)
            throw usage_failure(fmt::format("{} is missing", positional.metavar), "", "", see_help(command));
        for (; next < most; ++next) {
            if (given[next].empty())
                throw usage_failure(fmt::format("{} is empty", positional.metavar), "", "", see_help(command));
            positional.take(given[next]);
        }
    }
    if (next < given.size())
        throw usage_failure(fmt::format("'{}' is one argument too many", printable(given[next])), "", "",
                            see_help(command));
}

}  // namespace

void parse(const Flags& flags, const std::string& command, const std::vector<std::string>& words) {
    const auto dashes = std::find(words.begin(), words.end(), "--");
    const std::vector<std::string> before(words.begin(), dashes);
    const std::vector<std::string> after(dashes == words.end() ? dashes : dashes + 1, words.end());

    CLI::App app;
    const auto declared = declare(app, flags);
    parse_words(app, command, before);
    std::vector<std::string> positional = app.remaining();
    for (const std::string& word : positional)
        if (word.size() > 1 && word[0] == '-') throw unknown_flag(flags, command, word);
    deliver_options(declared, flags, command);
    if (!flags.rest()) positional.insert(positional.end(), after.begin(), after.end());
    deliver_positionals(flags.positionals(), command, positional);
    if (flags.rest())
        for (const std::string& word : after) flags.rest()->take(word);
}

}  // namespace ft::ui
