// The zsh script: one call of _arguments for each command.
#include <fmt/format.h>

#include "libcore/ui/completion_model.h"

namespace ft::ui {

namespace {

/// Inside '...' and _arguments' own syntax, where ':', '[' and ']' are special.
std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\'') {
            result += "'\\''";
            continue;
        }
        if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

std::string action(const std::string& tool, Offer offer, const std::vector<std::string>& words) {
    if (offer == Offer::files) return "_files";
    if (offer == Offer::checkpoints) return "_" + tool + "_names";
    if (offer == Offer::words) return fmt::format("({})", fmt::join(words, " "));
    return " ";
}

std::string flag_argument(const std::string& tool, const OfferedFlag& flag) {
    std::string body = fmt::format("[{}]", escaped(flag.help));
    if (flag.takes_value) body += fmt::format(":{}:{}", escaped(flag.metavar), action(tool, flag.offer, flag.words));
    const std::string star = flag.repeated ? "*" : "";
    const std::string long_name = flag.long_name + (flag.takes_value ? "=" : "");  // the value may be joined by one
    if (flag.short_name.empty()) return fmt::format("'{}{}{}'", star, long_name, body);
    // With a star the two spellings need no exclusion of each other.
    const std::string group = flag.repeated ? "'*'" : fmt::format("'({} {})'", flag.short_name, flag.long_name);
    return fmt::format("{}{{{},{}}}'{}'", group, flag.short_name, long_name, body);
}

std::string arguments(const std::string& tool, const OfferedCommand& command) {
    std::string text = "_arguments -s -S";
    for (const OfferedFlag& flag : command.flags) text += " \\\n                " + flag_argument(tool, flag);
    for (std::size_t i = 0; i < command.places.size(); ++i) {
        const OfferedPlace& place = command.places[i];
        text += fmt::format(" \\\n                '{}:{}:{}'", place.many ? "*" : std::to_string(i + 1),
                            escaped(place.metavar), action(tool, place.offer, {}));
    }
    return text;
}

std::string by_verb(const Tool& tool, const std::vector<OfferedCommand>& commands) {
    std::string text = "    local -a verbs=(\n";
    for (const OfferedCommand& command : commands)
        text += fmt::format("        '{}:{}'\n", command.name, escaped(command.purpose));
    text += "        'completion:print a completion script'\n    )\n";
    text += "    if (( CURRENT == 2 )); then _describe command verbs; return; fi\n";
    text += "    shift words; (( CURRENT-- ))\n    case $words[1] in\n";
    for (const OfferedCommand& command : commands)
        text += fmt::format("        {})\n            {} ;;\n", command.name, arguments(tool.name, command));
    return text + "        completion) _arguments '1:shell:(bash zsh fish)' ;;\n    esac\n";
}

}  // namespace

std::string zsh_completion(const Tool& tool) {
    const std::vector<OfferedCommand> commands = offered_commands(tool);
    const std::string body = commands.front().name.empty() ? "    " + arguments(tool.name, commands.front()) + "\n"
                                                           : by_verb(tool, commands);
    std::string text =
        fmt::format("#compdef {0}\n# zsh completion for {0}: save it as _{0} in a folder of $fpath\n", tool.name);
    text += fmt::format("_{}_names() {{\n", tool.name);
    text += "    local store=() at=${words[(I)(-s|--store|--dir)]} joined=${words[(r)(--store|--dir)=*]}\n";
    text += "    (( at > 0 )) && store=(${words[at]/#%-s/--store} ${(Q)~words[at + 1]})\n";
    text += "    [[ -n $joined ]] && store=(${(Q)joined})\n";
    text += fmt::format("    local names=(${{(f)\"$({} $store 2>/dev/null)\"}})\n    compadd -a names\n}}\n",
                        tool.list_names);
    text += fmt::format("_{}() {{\n{}}}\n", tool.name, body);
    return text +
           fmt::format("if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _{0} \"$@\"; else compdef _{0} {0}; fi\n",
                       tool.name);
}

}  // namespace ft::ui
