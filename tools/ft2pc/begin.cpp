#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/twophase/spec.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct BeginOptions {
    HomeOptions home;
    std::chrono::seconds deadline{300};
};

void declare_begin(ui::Flags& flags, BeginOptions& options) {
    declare_home(flags, options.home);
    flags.option("--deadline", options.deadline, "TIME",
                 "'ft2pc recover' aborts it when no command came for so long (default 5m)");
}

Exit run_begin(ui::Env& env, const BeginOptions& options) {
    OpenedHome opened(env, options.home, true);
    const Journal journal = Journal::create(opened.home()->journals(), env.clock(), opened.home()->coordinator(),
                                            options.deadline, {}, false);
    const std::string name = name_of(journal.story().number);
    env.did(fmt::format("began transaction {}", name));
    env.summary(name, ui::Answer().text("transaction", name));
    return Exit::done;
}

struct AddOptions {
    HomeOptions home;
    std::string transaction;
    std::vector<std::string> participants, sql_files;
};

void declare_add(ui::Flags& flags, AddOptions& options) {
    declare_home(flags, options.home);
    flags.positional("TRANSACTION", options.transaction, "what 'ft2pc begin' has printed");
    declare_sql(flags, options.sql_files);
    flags.positionals("PARTICIPANT", options.participants, 1, "file:DEST=NEW, exec:CMD, ...: see ft2pc(1)");
}

Exit run_add(ui::Env& env, const AddOptions& options) {
    const std::vector<Spec> specs = parse_participants(env, options.participants, options.sql_files);
    OpenedHome opened(env, options.home, false);
    const std::unique_ptr<Journal> journal = opened.hold(options.transaction);
    const History& history = journal->story().history;
    if (history.asked || history.decision != Decision::none)
        throw Failure({.what = "cannot add to this transaction",
                       .where = options.transaction,
                       .why = history.prepared ? "it is prepared" : "it has been decided, or is about to be",
                       .todo = "commit it or abort it",
                       .exit = Exit::no});
    if (journal->story().parts.size() + specs.size() > most_parts)
        throw ui::usage_failure("too many participants", options.transaction,
                                fmt::format("there can be {}", most_parts), "");
    journal->add(specs, env.clock().now());
    env.did(fmt::format("added {} to transaction {}", specs.size(), options.transaction));
    env.summary(
        "",
        ui::Answer().text("transaction", options.transaction).number("participants", journal->story().parts.size()));
    return Exit::done;
}

}  // namespace

ui::Command add_begin() {
    return ui::make_command<BeginOptions>(
        {.name = "begin",
         .usage = {"[--deadline TIME]"},
         .purpose = "begin a transaction; prints its name",
         .examples = {{"T=$(ft2pc begin)", "then 'ft2pc add $T ...', and 'ft2pc commit $T'"}}},
        declare_begin, run_begin);
}

ui::Command add_participants() {
    return ui::make_command<AddOptions>(
        {.name = "add",
         .usage = {"TRANSACTION PARTICIPANT..."},
         .purpose = "say what the transaction shall change; nothing changes yet",
         .examples = {{"ft2pc add $T file:app.conf=app.conf.new", "app.conf gets what app.conf.new holds"},
                      {"ft2pc add $T pg:service=orders --sql orders.sql", "a database, and what it shall do"},
                      {"ft2pc add $T counter:jobs+1 exec:./inventory", "a counter, and a program that takes part"}}},
        declare_add, run_add);
}

}  // namespace ft::tools
