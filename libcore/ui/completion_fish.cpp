// The fish script: one `complete` for each flag, verb and place.
#include <fmt/format.h>

#include "libcore/ui/completion_model.h"

namespace ft::ui {

namespace {

std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') result += '\\';
        result += c;
    }
    return result + "'";
}

std::string offer_of(const std::string& tool, Offer offer, const std::vector<std::string>& words) {
    if (offer == Offer::files) return " -F";
    if (offer == Offer::checkpoints) return fmt::format(" -f -a '(__{}_names)'", tool);
    return offer == Offer::words ? fmt::format(" -f -a '{}'", fmt::join(words, " ")) : " -f";
}

std::string command_lines(const Tool& tool, const OfferedCommand& command) {
    const std::string start = command.name.empty() ? fmt::format("complete -c {}", tool.name)
                                                   : fmt::format("complete -c {} -n '__fish_seen_subcommand_from {}'",
                                                                 tool.name, command.name);
    std::string text;
    for (const OfferedFlag& flag : command.flags) {
        text += start;
        if (!flag.short_name.empty()) text += " -s " + flag.short_name.substr(1);
        text += " -l " + flag.long_name.substr(2);
        if (flag.takes_value) text += " -r" + offer_of(tool.name, flag.offer, flag.words);
        text += fmt::format(" -d {}\n", quoted(flag.help));
    }
    // fish does not count places: each kind that may stand somewhere is offered everywhere.
    bool files = false, names = false;
    for (const OfferedPlace& place : command.places) {
        files = files || place.offer == Offer::files;
        names = names || place.offer == Offer::checkpoints;
    }
    if (files) text += start + " -F\n";
    if (names) text += start + fmt::format(" -a '(__{}_names)'\n", tool.name);
    return text;
}

std::string verb_line(const Tool& tool, const std::string& verb, const std::string& purpose) {
    return fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", tool.name, verb, quoted(purpose));
}

/// Asks the store (or ft2pc's directory) that the line names.
constexpr const char* names_function = R"fish(function __{0}_names
    set -l words (string replace -r '^~/' "$HOME/" -- (commandline -opc))
    set -l store
    for i in (seq (count $words))
        switch $words[$i]
            case -s --store
                set store --store $words[(math $i + 1)]
            case --dir
                set store --dir $words[(math $i + 1)]
            case '--store=*' '--dir=*'
                set store $words[$i]
        end
    end
    {1} $store 2>/dev/null
end
complete -c {0} -f
)fish";

}  // namespace

std::string fish_completion(const Tool& tool) {
    std::string text =
        fmt::format("# fish completion for {0}: save it as ~/.config/fish/completions/{0}.fish\n", tool.name);
    text += fmt::format(names_function, tool.name, tool.list_names);
    const std::vector<OfferedCommand> commands = offered_commands(tool);
    for (const OfferedCommand& command : commands) {
        if (!command.name.empty()) text += verb_line(tool, command.name, command.purpose);
        text += command_lines(tool, command);
    }
    if (commands.front().name.empty()) return text;
    text += verb_line(tool, "completion", "print a completion script");
    text += fmt::format("complete -c {} -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n", tool.name);
    return text;
}

}  // namespace ft::ui
