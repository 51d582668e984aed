#include "libcore/ui/completion.h"

#include <fmt/format.h>

#include "libcore/base/text.h"
#include "libcore/ui/completion_model.h"

namespace ft::ui {

namespace {

/// What a metavar stands for; NAME@SEL, NAME@A and the like are all checkpoints, or what else the tool lists.
Offer offer_for(std::string_view metavar) {
    if (metavar.starts_with("NAME") || metavar == "TRANSACTION") return Offer::checkpoints;
    for (const std::string_view kind : {"PATH", "DEST", "DIR", "FILE", "PLAN"})
        if (metavar.find(kind) != std::string_view::npos) return Offer::files;
    return Offer::nothing;
}

OfferedFlag offered(const Option& option) {
    OfferedFlag flag{.short_name = option.short_name(),
                     .long_name = option.long_name(),
                     .help = option.help(),
                     .takes_value = !option.metavar().empty(),
                     .repeated = option.repeated(),
                     .metavar = option.metavar(),
                     .offer = offer_for(option.metavar()),
                     .words = option.words()};
    if (!flag.words.empty()) flag.offer = Offer::words;
    return flag;
}

OfferedCommand offered(const Command& command) {
    OfferedCommand result{.name = command.text.name, .purpose = command.text.purpose, .flags = {}, .places = {}};
    Flags flags;
    CommonOptions common;
    const auto body = command.bind(flags);  // owns the variables that the flags refer to
    declare_common(flags, common);
    for (const Option& option : flags.options()) result.flags.push_back(offered(option));
    result.flags.push_back(
        {.short_name = "-h", .long_name = "--help", .help = "print help", .metavar = "", .words = {}});
    for (const Positional& place : flags.positionals())
        result.places.push_back({place.metavar, offer_for(place.metavar), place.many});
    result.has_rest = flags.rest().has_value();
    return result;
}

}  // namespace

std::vector<OfferedCommand> offered_commands(const Tool& tool) {
    std::vector<OfferedCommand> all;
    for (const auto& add : tool.commands) all.push_back(offered(add()));
    return all;
}

std::string completion_script(const Tool& tool, std::string_view shell) {
    if (shell == "bash") return bash_completion(tool);
    if (shell == "zsh") return zsh_completion(tool);
    if (shell == "fish") return fish_completion(tool);
    throw usage_failure(fmt::format("no completion for '{}'", printable(shell)), "", "", "give bash, zsh or fish");
}

}  // namespace ft::ui
