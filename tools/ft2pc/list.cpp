#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

std::string state_of(const Story& story) {
    const History& history = story.history;
    if (!history.broken.empty()) return "broken";
    if (history.decision == Decision::commit) return history.ended ? "committed" : "committing";
    if (history.decision == Decision::abort) return "aborting";
    if (history.prepared) return "prepared";
    return history.asked ? "preparing" : "open";
}

/// Whether its participants may hold something until it is settled.
bool is_in_doubt(const Story& story) { return story.history.asked; }

ui::Answer fields_of(const Story& story) {
    std::vector<std::string> parts;
    for (const Spec& part : story.parts) parts.push_back(part.label);
    ui::Answer fields;
    fields.text("transaction", name_of(story.number)).text("state", state_of(story));
    fields.flag("in_doubt", is_in_doubt(story)).time("begun", story.begun).time("last", story.last);
    fields.number("deadline_s", static_cast<std::uint64_t>(story.deadline.count())).texts("participants", parts);
    return fields;
}

struct ListOptions {
    HomeOptions home;
    bool in_doubt = false, names = false;
};

void declare_list(ui::Flags& flags, ListOptions& options) {
    declare_home(flags, options.home);
    flags.toggle("--in-doubt", options.in_doubt, "only those whose participants may wait for a decision");
    flags.toggle("--names", options.names, "only their names, for scripts");
}

Exit run_list(ui::Env& env, const ListOptions& options) {
    OpenedHome opened(env, options.home, false);
    std::vector<Story> stories;
    Exit exit = Exit::done;
    if (Home* home = opened.home())
        for (const std::uint64_t number : home->numbers()) {
            try {
                if (auto story = read_story(home->journals(), home->coordinator(), number))
                    stories.push_back(*std::move(story));
            } catch (const Failure& failure) {  // one damaged journal does not hide the others
                env.warn(failure.what());
                exit = Exit::damage;
            }
        }
    std::sort(stories.begin(), stories.end(), [](const Story& a, const Story& b) { return a.begun < b.begun; });
    ui::Columns columns(
        {ui::Columns::Align::left, ui::Columns::Align::left, ui::Columns::Align::left, ui::Columns::Align::left});
    std::erase_if(stories, [&](const Story& story) { return options.in_doubt && !is_in_doubt(story); });
    for (const Story& story : stories) {
        std::string parts;
        for (const Spec& part : story.parts) parts += (parts.empty() ? "" : " ") + printable(part.label);
        columns.row({name_of(story.number), state_of(story), human_time(story.begun), parts});
    }
    const std::vector<std::string> lines = columns.lines();
    for (std::size_t i = 0; i < stories.size(); ++i)
        env.item(options.names ? name_of(stories[i].number) : lines[i], fields_of(stories[i]));
    env.summary("", ui::Answer().number("transactions", stories.size()));
    return exit;
}

struct ShowOptions {
    HomeOptions home;
    std::string transaction;
};

void declare_show(ui::Flags& flags, ShowOptions& options) {
    declare_home(flags, options.home);
    flags.positional("TRANSACTION", options.transaction, "its name");
}

std::string standing_of(const Story& story, std::uint32_t part) {
    for (const auto& [broken, why] : story.history.broken)
        if (broken == part) return "disobeyed: " + why;
    const Tokens& tokens =
        story.history.decision == Decision::commit ? story.history.tokens : story.history.prepared.value_or(Tokens());
    if (tokens.empty()) return story.history.asked ? "may be prepared" : "not asked yet";
    return tokens[part] ? "said yes" : "has nothing to commit";
}

Exit run_show(ui::Env& env, const ShowOptions& options) {
    OpenedHome opened(env, options.home, false);
    const Story story = opened.story(options.transaction);
    env.item(fmt::format("transaction  {}\nstate        {}\nbegun        {}\nlast command {}\ndeadline     {}",
                         name_of(story.number), state_of(story), human_time(story.begun), human_time(story.last),
                         human_duration(seconds(story.deadline))),
             fields_of(story));
    for (std::uint32_t i = 0; i < story.parts.size(); ++i)
        env.item(fmt::format("participant  {}: {}", printable(story.parts[i].label), standing_of(story, i)),
                 ui::Answer().text("participant", story.parts[i].label).text("standing", standing_of(story, i)));
    if (story.resolution)
        env.item(fmt::format("resolved     {} {}: {}", human_time(story.resolution->when),
                             story.resolution->decision == Decision::commit ? "commit" : "abort",
                             printable(story.resolution->reason)),
                 ui::Answer().time("resolved", story.resolution->when).text("reason", story.resolution->reason));
    env.summary("", ui::Answer().text("transaction", name_of(story.number)));
    return Exit::done;
}

}  // namespace

ui::Command add_transaction_list() {
    return ui::make_command<ListOptions>(
        {.name = "list",
         .usage = {"[--in-doubt]"},
         .purpose = "list the transactions that have not ended",
         .examples = {{"ft2pc list --in-doubt", "prints nothing when there is nothing to settle"}}},
        declare_list, run_list);
}

ui::Command add_transaction_show() {
    return ui::make_command<ShowOptions>({.name = "show",
                                          .usage = {"TRANSACTION"},
                                          .purpose = "show all that is known of a transaction",
                                          .examples = {{"ft2pc show $T", "its state and its participants"}}},
                                         declare_show, run_show);
}

}  // namespace ft::tools
