// The bash script: three tables as case statements, and one function that looks things up in them.
#include <fmt/format.h>

#include "libcore/ui/completion_model.h"

namespace ft::ui {

namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

std::string word_for(Offer offer) {
    if (offer == Offer::files) return "files";
    return offer == Offer::checkpoints ? "names" : "nothing";
}

std::string flag_table(const std::vector<OfferedCommand>& commands) {
    std::string text;
    for (const OfferedCommand& command : commands) {
        std::vector<std::string> names;
        for (const OfferedFlag& flag : command.flags) names.push_back(flag.long_name);
        text += fmt::format("        '{}') echo '{}' ;;\n", command.name, fmt::join(names, " "));
    }
    return text;
}

std::string value_table(const std::vector<OfferedCommand>& commands) {
    std::string text;
    for (const OfferedCommand& command : commands)
        for (const OfferedFlag& flag : command.flags) {
            if (!flag.takes_value) continue;
            std::string names = fmt::format("'{} {}'", command.name, flag.long_name);
            if (!flag.short_name.empty()) names += fmt::format("|'{} {}'", command.name, flag.short_name);
            const std::string offer =
                flag.offer == Offer::words ? fmt::format("words {}", fmt::join(flag.words, " ")) : word_for(flag.offer);
            text += fmt::format("        {}) echo {} ;;\n", names, offer);
        }
    return text;
}

std::string place_table(const std::vector<OfferedCommand>& commands) {
    std::string text;
    for (const OfferedCommand& command : commands)
        for (std::size_t i = 0; i < command.places.size(); ++i) {
            const OfferedPlace& place = command.places[i];
            if (place.offer == Offer::nothing) continue;
            const std::string where =
                place.many ? fmt::format("'{} '*", command.name) : fmt::format("'{} {}'", command.name, i);
            text += fmt::format("        {}) echo {} ;;\n", where, word_for(place.offer));
        }
    return text;
}

constexpr const char* script = R"bash(# bash completion for @TOOL@: 'source <(@TOOL@ completion bash)', or save it as
# /usr/share/bash-completion/completions/@TOOL@
_@TOOL@_flags() {
    case $1 in
@FLAGS@    esac
}
_@TOOL@_value() {
    case "$1 $2" in
@VALUES@    esac
}
_@TOOL@_place() {
    case "$1 $2" in
@PLACES@    esac
}
_@TOOL@_offer() {
    case $1 in
        files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        names) mapfile -t COMPREPLY < <(compgen -W "$(@LIST@ "${store[@]}" 2>/dev/null)" -- "$cur") ;;
        words) mapfile -t COMPREPLY < <(compgen -W "${*:2}" -- "$cur") ;;
    esac
}
_@TOOL@() {
    # The line is split at spaces only: bash itself also splits at '@' and '='.
    local line=${COMP_LINE:0:COMP_POINT} words=() store=() verb='' first=1 place=0 i
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    local last=$((${#words[@]} - 1))
    local cur=${words[last]} previous=${words[last - 1]}
    COMPREPLY=()
    local verbs='@VERBS@'
    if [[ -n $verbs ]]; then
        ((last == 1)) && { _@TOOL@_offer words "$verbs" --help --version; return; }
        verb=${words[1]} first=2
        [[ $verb == completion ]] && { _@TOOL@_offer words bash zsh fish; return; }
    fi
    for ((i = first; i < last; i++)); do
        case ${words[i]} in
            --) _@TOOL@_offer files; return ;;
            -s|--store) store=(--store "${words[i + 1]/#~\//$HOME/}"); ((i++)) ;;
            --dir) store=(--dir "${words[i + 1]/#~\//$HOME/}"); ((i++)) ;;
            --store=*|--dir=*) store=("${words[i]}") ;;
            -*) [[ -n $(_@TOOL@_value "$verb" "${words[i]}") ]] && ((i++)) ;;
            *) ((place++)) ;;
        esac
    done
    local offer
    offer=$(_@TOOL@_value "$verb" "$previous")
    if [[ -n $offer ]]; then
        :
    elif [[ $cur == -* ]]; then
        offer="words $(_@TOOL@_flags "$verb")"
    else
        offer=$(_@TOOL@_place "$verb" "$place")
    fi
    # shellcheck disable=SC2086  # a list of words
    _@TOOL@_offer $offer
    # What bash replaces begins after its own last break.
    local breaks="[${COMP_WORDBREAKS//[^@=:]/}]"
    [[ $breaks != '[]' && $cur == *$breaks* ]] || return 0
    # shellcheck disable=SC2295  # breaks is a pattern
    local kept=${cur%"${cur##*$breaks}"}
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}
complete -F _@TOOL@ @TOOL@
)bash";

}  // namespace

std::string bash_completion(const Tool& tool) {
    const std::vector<OfferedCommand> commands = offered_commands(tool);
    std::vector<std::string> verbs;
    for (const OfferedCommand& command : commands)
        if (!command.name.empty()) verbs.push_back(command.name);
    if (!verbs.empty()) verbs.emplace_back("completion");
    std::string text = replaced(script, "@FLAGS@", flag_table(commands));
    text = replaced(text, "@VALUES@", value_table(commands));
    text = replaced(text, "@PLACES@", place_table(commands));
    text = replaced(text, "@VERBS@", fmt::format("{}", fmt::join(verbs, " ")));
    return replaced(replaced(text, "@LIST@", tool.list_names), "@TOOL@", tool.name);
}

}  // namespace ft::ui
