#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

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

/// A line of the list.
struct Row {
    std::string name, state;
    Time begun;
    std::string parts = {};
    bool is_in_doubt = false;
    ui::Answer fields = {};
};

Row row_of(const Story& story) {
    Row row{.name = name_of(story.number), .state = state_of(story), .begun = story.begun};
    for (const Spec& part : story.parts) row.parts += (row.parts.empty() ? "" : " ") + printable(part.label);
    row.is_in_doubt = is_in_doubt(story);
    row.fields = fields_of(story);
    return row;
}

struct ListOptions {
    HomeOptions home;
    bool in_doubt = false, names = false;
    std::optional<std::string> metrics;
};

void declare_list(ui::Flags& flags, ListOptions& options) {
    declare_home(flags, options.home);
    flags.toggle("--in-doubt", options.in_doubt, "only those whose participants may wait for a decision");
    flags.toggle("--names", options.names, "only their names, for scripts");
    flags.option("--metrics", options.metrics, "FILE", "write the figures for Prometheus too, by rename");
}

/// What a ledger says, beside its transactions: that a process works with it, or that one has died with it.
Row row_of(const LedgerStory& ledger, bool is_dead) {
    std::vector<std::string> places;
    for (const Spec& place : ledger.places) places.push_back(place.label);
    Row row{.name = name_of(ledger.number), .state = is_dead ? "crashed" : "serving", .begun = ledger.begun};
    row.parts = printable(fmt::format("{}", fmt::join(places, " ")));
    row.is_in_doubt = is_dead;
    row.fields.text("transaction", row.name).text("state", row.state).flag("in_doubt", is_dead);
    row.fields.time("begun", ledger.begun).texts("places", places);
    return row;
}

class List {
public:
    List(ui::Env& env, Home& home) : env_(env), home_(home) {}

    std::vector<Row> rows() {
        for (const std::uint64_t number : home_.numbers())
            look([&] {
                if (const auto story = read_story(home_.journals(), home_.coordinator(), number))
                    rows_.push_back(row_of(*story));
            });
        for (const std::uint64_t number : home_.ledger_numbers()) look([&] { add_ledger(number); });
        std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.begun < b.begun; });
        return std::move(rows_);
    }
    [[nodiscard]] Exit exit() const { return exit_; }

private:
    void look(const std::function<void()>& read) {
        try {
            read();
        } catch (const Failure& failure) {  // one damaged journal does not hide the others
            env_.warn(failure.what());
            exit_ = Exit::damage;
        }
    }
    void add_ledger(std::uint64_t number) {
        const bool is_dead = Ledger::is_dead(home_.ledgers(), number);
        const auto ledger = read_ledger(home_.ledgers(), home_.coordinator(), number);
        if (!ledger) return;
        rows_.push_back(row_of(*ledger, is_dead));
        for (const auto& [transaction, story] : ledger->open)
            if (is_dead && !home_.has_journal(transaction)) rows_.push_back(row_of(story));
    }

    ui::Env& env_;
    Home& home_;
    std::vector<Row> rows_;
    Exit exit_ = Exit::done;
};

std::string metrics_text(const std::vector<Row>& rows, Time now, bool is_damaged) {
    std::map<std::string, std::uint64_t> states;
    std::uint64_t in_doubt = 0;
    std::int64_t oldest = 0;  // seconds
    for (const Row& row : rows) {
        ++states[row.state];
        if (!row.is_in_doubt) continue;
        ++in_doubt;
        oldest = std::max(oldest, now.s - row.begun.s);
    }
    std::string text;
    const auto add = [&](std::string_view name, std::string_view help, std::string_view label, auto value) {
        if (!help.empty()) text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
        text += fmt::format("{}{} {}\n", name, label, value);
    };
    add("ft_transactions", "Transactions that have not ended, and ledgers.", "", rows.size());
    std::string_view help = "The same, of each state.";
    for (const auto& [state, count] : states)
        add("ft_transactions_by_state", std::exchange(help, ""), fmt::format("{{state=\"{}\"}}", state), count);
    add("ft_transactions_in_doubt", "Those whose participants may wait for a decision.", "", in_doubt);
    add("ft_transactions_oldest_in_doubt_seconds", "Age of the oldest of them; 0 where there is none.", "", oldest);
    add("ft_transactions_damaged", "1 if a journal or ledger cannot be read.", "", is_damaged ? 1 : 0);
    return text;
}

Exit run_list(ui::Env& env, const ListOptions& options) {
    OpenedHome opened(env, options.home, false);
    std::vector<Row> rows;
    Exit exit = Exit::done;
    if (opened.home() != nullptr) {
        List list(env, *opened.home());
        rows = list.rows();
        exit = list.exit();
    }
    if (options.metrics) {
        Disk disk;
        const io::Located file = disk.locate(*options.metrics);
        const std::string text = metrics_text(rows, env.clock().now(), exit == Exit::damage);
        io::replace_file(*file.dir, file.name, view_of(text));
    }
    std::erase_if(rows, [&](const Row& row) { return options.in_doubt && !row.is_in_doubt; });
    using Align = ui::Columns::Align;
    ui::Columns columns({Align::left, Align::left, Align::left, Align::left});
    for (const Row& row : rows) columns.row({row.name, row.state, human_time(row.begun), row.parts});
    const std::vector<std::string> lines = columns.lines();
    for (std::size_t i = 0; i < rows.size(); ++i) env.item(options.names ? rows[i].name : lines[i], rows[i].fields);
    env.summary("", ui::Answer().number("transactions", rows.size()));
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
         .usage = {"[--in-doubt] [--metrics FILE]"},
         .purpose = "list the transactions that have not ended",
         .examples = {{"ft2pc list --in-doubt", "prints nothing when there is nothing to settle"},
                      {"ft2pc list --metrics /var/lib/node_exporter/ft2pc.prom",
                       "how many, and how old; for Prometheus"}}},
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
