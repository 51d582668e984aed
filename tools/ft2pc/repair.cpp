#include "libcore/twophase/repair.h"

#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct RepairOptions {
    HomeOptions home;
    bool accept_loss = false;
};

void declare(ui::Flags& flags, RepairOptions& options) {
    declare_home(flags, options.home);
    flags.toggle("--accept-loss", options.accept_loss, "go on without what cannot be read");
}

/// What recovery would do, going by what can be read.
std::string_view consequence(const Damaged& damaged) {
    if (damaged.is_ledger)
        return damaged.ledger ? "recovery would tell the commits that can be read, and abort what else is prepared"
                              : "nothing of it can be read: what is prepared would never be told";
    if (!damaged.before) return "nothing of it can be read: its participants would never be told";
    const History& history = damaged.before->history;
    if (history.decision == Decision::commit) return "it says commit: recovery would commit";
    return damaged.before->parts.empty() ? "it has no participants" : "it says no decision: recovery would abort";
}

std::string sentence(const Damaged& damaged) {
    std::string text = fmt::format("{} damaged: {}; {}", name_of(damaged.number), damaged.why, consequence(damaged));
    if (!damaged.beyond.empty())
        text += fmt::format("; behind the damage can be read: {}", fmt::join(damaged.beyond, ", "));
    if (damaged.before)
        for (const Spec& part : damaged.before->parts) text += "\n  " + printable(part.label);
    if (damaged.ledger)
        for (const auto& [number, story] : damaged.ledger->open)
            text += fmt::format("\n  {} {}", name_of(number),
                                story.history.decision == Decision::commit ? "commit" : "no decision");
    if (damaged.ledger)
        for (const Spec& place : damaged.ledger->places) text += "\n  at " + printable(place.label);
    return text;
}

ui::Answer fields_of(const Damaged& damaged) {
    std::vector<std::string> parts;
    if (damaged.before)
        for (const Spec& part : damaged.before->parts) parts.push_back(part.label);
    ui::Answer fields;
    fields.text("transaction", name_of(damaged.number)).text("why", damaged.why);
    fields.text("consequence", consequence(damaged)).texts("beyond", damaged.beyond).texts("participants", parts);
    return fields;
}

Exit run(ui::Env& env, const RepairOptions& options) {
    OpenedHome opened(env, options.home, false);
    if (opened.home() == nullptr) return Exit::done;
    const std::vector<Damaged> all = find_damaged(*opened.home());
    for (const Damaged& damaged : all) {
        env.item(sentence(damaged), fields_of(damaged));
        if (options.accept_loss) accept_loss(*opened.home(), env.clock(), damaged);
    }
    env.summary("", ui::Answer().number("damaged", all.size()).flag("accepted", options.accept_loss));
    if (all.empty() || options.accept_loss) return Exit::done;
    env.warn(
        "nothing was changed; 'ft2pc repair --accept-loss' goes on without what is lost, and keeps a copy in "
        "'lost'");
    return Exit::damage;
}

}  // namespace

ui::Command add_transaction_repair() {
    return ui::make_command<RepairOptions>(
        {.name = "repair",
         .usage = {"[--accept-loss]"},
         .purpose = "show what damaged journals still say, and go on without the rest",
         .examples = {{"ft2pc repair", "exit 4 where something is lost; nothing is changed"}}},
        declare, run);
}

}  // namespace ft::tools
