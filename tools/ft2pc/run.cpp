#include <fmt/format.h>

#include <csignal>
#include <filesystem>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/proc/child.h"
#include "libcore/twophase/plan.h"
#include "libcore/twophase/spec.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct RunOptions {
    HomeOptions home;
    PaceOptions pace;
    std::optional<std::string> plan;
    std::vector<std::string> participants, sql_files, command;
    std::optional<std::chrono::seconds> deadline;
};

void declare(ui::Flags& flags, RunOptions& options) {
    declare_home(flags, options.home);
    declare_pace(flags, options.pace);
    flags.positional("PLAN", options.plan, "a file that says what takes part");
    flags.option("-p, --participant", options.participants, "PARTICIPANT", "what takes part (again and again)");
    declare_sql(flags, options.sql_files);
    flags.option("--deadline", options.deadline, "TIME", "as for 'ft2pc begin'");
    flags.rest("CMD...", options.command, "run this first; where it fails, nothing changes");
}

Plan plan_of(ui::Env& env, const RunOptions& options) {
    Plan plan;
    if (options.plan) {
        const std::filesystem::path folder = std::filesystem::path(absolute(*options.plan)).parent_path();
        plan = parse_plan(read_text(env, *options.plan), *options.plan, folder.string(),
                          [&](const std::string& path) { return read_text(env, (folder / path).string()); });
    }
    const std::vector<Spec> named = parse_participants(env, options.participants, options.sql_files);
    plan.parts.insert(plan.parts.end(), named.begin(), named.end());
    if (options.deadline) plan.deadline = options.deadline;
    if (plan.parts.empty() && options.command.empty())
        throw ui::usage_failure("nothing to do", "", "no participant is named",
                                "give a plan, -p PARTICIPANT, or -- CMD");
    return plan;
}

/// To its end. returns  why it failed; std::nullopt where it did not.
std::optional<std::string> run_command(ui::Env& env, const std::vector<std::string>& command, const std::string& home,
                                       const std::string& transaction) {
    env.end_progress();  // the terminal is the command's now
    proc::Child child = proc::Child::start({.command = command,
                                            .inherit_input = true,
                                            .environment = {{"FT_2PC", home}, {"FT_2PC_TXN", transaction}},
                                            .descriptor_limit = env.descriptor_limit()});
    bool handed_on = false;
    for (;;) {
        // Once it was handed on, the wish to stop would wake us for ever.
        const std::optional<proc::Ending> ending = child.wait_or({handed_on ? -1 : env.stop_descriptor()});
        if (ending) return ending->succeeded() ? std::nullopt : std::optional(ending->text());
        child.signal(SIGTERM);
        handed_on = true;
    }
}

/// With the command run in between, which may add participants of its own.
std::unique_ptr<Journal> after_command(ui::Env& env, OpenedHome& opened, const RunOptions& options, const Plan& plan) {
    Home& home = *opened.home();
    std::string name;
    {
        const Journal begun = Journal::create(home.journals(), env.clock(), home.coordinator(),
                                              plan.deadline.value_or(std::chrono::seconds(300)), plan.parts, false);
        name = name_of(begun.story().number);
    }
    const std::unique_ptr<io::File> mark = home.mark_at_work(*number_from(name));
    const std::optional<std::string> failed = run_command(env, options.command, opened.path(), name);
    std::unique_ptr<Journal> journal = opened.hold(name, std::chrono::minutes(1));
    home.unmark(journal->story().number);
    if (!failed) return journal;
    const Report report = opened.conclude(*journal, options.pace, &Coordinator::abort);  // it may have prepared it
    const std::string left = unsettled(report);
    throw Failure({.what = fmt::format("transaction {} is {}", name, outcome_of(report)),
                   .where = "'" + printable(fmt::format("{}", fmt::join(options.command, " "))) + "'",
                   .why = *failed,
                   .todo = left.empty() ? "nothing changed" : left + "; 'ft2pc recover' tells them",
                   .exit = Exit::no});
}

Exit run(ui::Env& env, const RunOptions& options) {
    const auto began = env.clock().monotonic();
    const Plan plan = plan_of(env, options);
    OpenedHome opened(env, options.home, true);
    std::unique_ptr<Journal> journal;
    if (options.command.empty())
        journal = std::make_unique<Journal>(
            Journal::create(opened.home()->journals(), env.clock(), opened.home()->coordinator(),
                            plan.deadline.value_or(std::chrono::seconds(300)), plan.parts, true));
    else
        journal = after_command(env, opened, options, plan);
    const auto request = env.clock().monotonic() - began;
    return answer(env, opened.conclude(*journal, options.pace, &Coordinator::commit), Decision::commit, options.pace,
                  request);
}

}  // namespace

ui::Command add_run() {
    return ui::make_command<RunOptions>(
        {.name = "run",
         .usage = {"PLAN", "-p PARTICIPANT... [-- CMD]"},
         .purpose = "a whole transaction: begin, add, commit",
         .examples = {{"ft2pc run -p file:app.conf=app.conf.new -p file:old.conf=", "both, or none"},
                      {"ft2pc run deploy.toml -- ./check", "as the plan says, if the check succeeds"}},
         .details = {"CMD may add participants: its environment has the transaction's name in FT_2PC_TXN."}},
        declare, run);
}

}  // namespace ft::tools
