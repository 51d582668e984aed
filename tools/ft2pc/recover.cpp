#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/failure.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct RecoverOptions {
    HomeOptions home;
    PaceOptions pace;
    bool watch = false;
    std::chrono::seconds every{10};
};

void declare(ui::Flags& flags, RecoverOptions& options) {
    declare_home(flags, options.home);
    declare_delivery(flags, options.pace);
    flags.toggle("--watch", options.watch, "go on until stopped, for those that crash later");
    flags.option("--every", options.every, "TIME", "with --watch: how often (default 10s)");
}

std::string_view name_of(Recovered::Kind kind) {
    switch (kind) {
        case Recovered::Kind::settled:
            return "settled";
        case Recovered::Kind::gone:
            return "gone";
        case Recovered::Kind::live:
            return "live";
        case Recovered::Kind::waiting:
            return "waiting";
        case Recovered::Kind::left:
            return "in doubt";
        case Recovered::Kind::broken:
            return "broken";
        case Recovered::Kind::damaged:
            return "damaged";
        case Recovered::Kind::foreign:
            return "foreign";
    }
    return "";
}

std::string sentence(const Recovered& one) {
    const std::string outcome = one.kind == Recovered::Kind::damaged || one.report.parts.empty()
                                    ? std::string(name_of(one.kind))
                                    : outcome_of(one.report);
    const std::string left = unsettled(one.report);
    std::string text = fmt::format("{} {}", twophase::name_of(one.number), outcome);
    if (one.kind == Recovered::Kind::settled) return text;
    if (!left.empty()) text += ": " + left;
    if (left.empty() && !one.why.empty()) text += ": " + one.why;
    return text;
}

/// What one of them means for the exit code of the whole.
Exit exit_of(Recovered::Kind kind) {
    switch (kind) {
        case Recovered::Kind::left:
            return Exit::in_doubt;
        case Recovered::Kind::broken:
        case Recovered::Kind::damaged:
            return Exit::damage;
        default:
            return Exit::done;
    }
}

/// Damage is told rather than doubt.
Exit worse(Exit a, Exit b) {
    if (a == Exit::damage || b == Exit::damage) return Exit::damage;
    return std::max(a, b);
}

struct Tally {
    std::uint64_t settled = 0, left = 0;
    Exit exit = Exit::done;
};

Tally recover_once(ui::Env& env, OpenedHome& opened, const PaceOptions& pace) {
    Tally tally;
    if (opened.home() == nullptr) return tally;
    for (const Recovered& one : recover_all(*opened.home(), opened.makers(pace), opened.places(pace), env.clock(),
                                            env.progress(), pace_of(pace))) {
        const bool settled = one.kind == Recovered::Kind::settled;
        if (settled) ++tally.settled;
        if (exit_of(one.kind) != Exit::done) ++tally.left;
        tally.exit = worse(tally.exit, exit_of(one.kind));
        if (one.kind == Recovered::Kind::foreign)
            env.item("left alone: " + one.why, ui::Answer().text("state", name_of(one.kind)).text("why", one.why));
        if (!settled && exit_of(one.kind) == Exit::done) continue;
        if (pace.timing && !one.report.parts.empty()) tell_timing(env, one.report, {});
        env.item(sentence(one), ui::Answer()
                                    .text("transaction", twophase::name_of(one.number))
                                    .text("state", name_of(one.kind))
                                    .text("outcome", outcome_of(one.report))
                                    .text("why", one.why));
    }
    return tally;
}

Exit run(ui::Env& env, const RecoverOptions& options) {
    OpenedHome opened(env, options.home, false);
    opened.keep_connections();
    Tally all = recover_once(env, opened, options.pace);
    while (options.watch) {
        env.out().flush();
        env.pause(options.every);
        all = recover_once(env, opened, options.pace);
    }
    env.summary("", ui::Answer().number("settled", all.settled).number("left", all.left));
    return all.exit;
}

}  // namespace

ui::Command add_recover() {
    return ui::make_command<RecoverOptions>(
        {.name = "recover",
         .usage = {"[--watch]"},
         .purpose = "settle what crashed commands have left: commit what was decided, abort the rest",
         .examples = {{"ft2pc recover", "at boot, and from cron; exit 6 where something stays in doubt"}}},
        declare, run);
}

}  // namespace ft::tools
