#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct ResolveOptions {
    HomeOptions home;
    PaceOptions pace;
    std::string transaction, decision, reason;
};

void declare_resolve(ui::Flags& flags, ResolveOptions& options) {
    declare_home(flags, options.home);
    declare_delivery(flags, options.pace);
    flags.positional("TRANSACTION", options.transaction, "its name");
    flags.positional("commit|abort", options.decision, "what shall become of it");
    flags.option("--reason", options.reason, "TEXT", "why: it is kept with the transaction");
}

Decision decision_of(const ResolveOptions& options) {
    if (options.decision != "commit" && options.decision != "abort")
        throw ui::usage_failure("not a decision", printable(options.decision), "", "give commit or abort");
    if (options.reason.empty()) throw ui::usage_failure("no reason is given", "", "", "say why with --reason TEXT");
    return options.decision == "commit" ? Decision::commit : Decision::abort;
}

/// What was decided, by the journal or by presumption; none where a person may still choose.
Decision decided(const Story& story) {
    const History& history = story.history;
    if (history.decision != Decision::none) return history.decision;
    return history.asked && !history.prepared ? Decision::abort : Decision::none;
}

Exit run_resolve(ui::Env& env, const ResolveOptions& options) {
    const Decision decision = decision_of(options);
    OpenedHome opened(env, options.home, false);
    const std::unique_ptr<Journal> journal = opened.hold(options.transaction);
    const Decision before = decided(journal->story());
    const bool open = before == Decision::none && !journal->story().history.prepared;
    if ((before != Decision::none && before != decision) || open)
        throw Failure(
            {.what = fmt::format("cannot resolve transaction {} to {}", options.transaction, options.decision),
             .where = "",
             .why = open ? "it is not prepared" : "the opposite is decided already",
             .todo = open ? "commit it or abort it" : "no decision is ever reversed",
             .exit = Exit::no});
    journal->resolve({.when = env.clock().now(), .decision = decision, .reason = options.reason});
    Coordinator coordinator = opened.coordinate(*journal, options.pace);
    return answer(env, coordinator.resolve(decision), decision, options.pace, {});
}

struct ForgetOptions {
    HomeOptions home;
    std::string transaction;
};

void declare_forget(ui::Flags& flags, ForgetOptions& options) {
    declare_home(flags, options.home);
    flags.positional("TRANSACTION", options.transaction, "its name");
}

bool is_settled(const PartReport& part) {
    return part.standing == Standing::done || part.standing == Standing::read_only || part.standing == Standing::no ||
           part.standing == Standing::broken;
}

/// Tells all the others, then writes down that nobody waits for those that have disobeyed.
void end_broken(OpenedHome& opened, Journal& journal, const std::string& name) {
    const Report report = opened.coordinate(journal, {}).recover();
    if (!std::all_of(report.parts.begin(), report.parts.end(), is_settled))
        throw Failure({.what = fmt::format("cannot forget transaction {}", name),
                       .where = "",
                       .why = "not all have heard of the decision: " + unsettled(report),
                       .todo = "'ft2pc recover' tells them; 'ft2pc resolve' overrules one that knows nothing",
                       .exit = Exit::no});
    journal.force({.kind = Milestone::Kind::end});
}

Exit run_forget(ui::Env& env, const ForgetOptions& options) {
    OpenedHome opened(env, options.home, false);
    const std::unique_ptr<Journal> journal = opened.hold(options.transaction);
    const History& history = journal->story().history;
    if (history.broken.empty())
        throw Failure({.what = fmt::format("cannot forget transaction {}", options.transaction),
                       .where = "",
                       .why = "no participant has broken it",
                       .todo = "commit it, abort it, or let 'ft2pc recover' end it",
                       .exit = Exit::no});
    if (!history.ended) end_broken(opened, *journal, options.transaction);
    const Report report = opened.coordinate(*journal, {}).recover();
    if (!report.complete)
        throw Failure({.what = fmt::format("cannot forget transaction {}", options.transaction),
                       .where = "",
                       .why = "not all have forgotten it: " + unsettled(report),
                       .todo = "try again",
                       .exit = Exit::in_doubt});
    env.did(fmt::format("forgot transaction {}", options.transaction));
    env.summary("", ui::Answer().text("transaction", options.transaction));
    return Exit::done;
}

}  // namespace

ui::Command add_resolve() {
    return ui::make_command<ResolveOptions>(
        {.name = "resolve",
         .usage = {"TRANSACTION commit|abort --reason TEXT"},
         .purpose = "decide a prepared transaction by hand, or accept what a participant cannot tell",
         .examples = {{"ft2pc resolve $T abort --reason 'the job was cancelled'", "kept with the transaction"}}},
        declare_resolve, run_resolve);
}

ui::Command add_forget() {
    return ui::make_command<ForgetOptions>(
        {.name = "forget",
         .usage = {"TRANSACTION"},
         .purpose = "drop a transaction that a participant has broken, once somebody has looked at it",
         .examples = {{"ft2pc forget $T", "after the damage is repaired by hand"}}},
        declare_forget, run_forget);
}

}  // namespace ft::tools
