#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct DecideOptions {
    HomeOptions home;
    PaceOptions pace;
    std::string transaction;
};

void declare(ui::Flags& flags, DecideOptions& options) {
    declare_home(flags, options.home);
    declare_pace(flags, options.pace);
    flags.positional("TRANSACTION", options.transaction, "what 'ft2pc begin' has printed");
}

void declare_abort(ui::Flags& flags, DecideOptions& options) {
    declare_home(flags, options.home);
    declare_delivery(flags, options.pace);
    flags.positional("TRANSACTION", options.transaction, "what 'ft2pc begin' has printed");
}

Exit decide(ui::Env& env, const DecideOptions& options, Decision wanted, OpenedHome::Verb verb) {
    const auto began = env.clock().monotonic();
    OpenedHome opened(env, options.home, false);
    const std::unique_ptr<Journal> journal = opened.hold(options.transaction);
    journal->touch(env.clock().now());
    const auto request = env.clock().monotonic() - began;
    return answer(env, opened.conclude(*journal, options.pace, verb), wanted, options.pace, request);
}

Exit run_prepare(ui::Env& env, const DecideOptions& options) {
    return decide(env, options, Decision::none, &Coordinator::prepare);
}

Exit run_commit(ui::Env& env, const DecideOptions& options) {
    return decide(env, options, Decision::commit, &Coordinator::commit);
}

Exit run_abort(ui::Env& env, const DecideOptions& options) {
    return decide(env, options, Decision::abort, &Coordinator::abort);
}

}  // namespace

ui::Command add_prepare() {
    return ui::make_command<DecideOptions>(
        {.name = "prepare",
         .usage = {"TRANSACTION"},
         .purpose = "let all participants do their work and promise to commit; exit 7 where one refuses",
         .examples = {{"ft2pc prepare $T && ./look && ft2pc commit $T", "look before you leap"}}},
        declare, run_prepare);
}

ui::Command add_commit() {
    return ui::make_command<DecideOptions>(
        {.name = "commit",
         .usage = {"TRANSACTION"},
         .purpose = "make all of its changes, or none (exit 7)",
         .examples = {{"ft2pc commit $T", "exit 0: all is done; 7: nothing is; 3: done, some hear of it later"}}},
        declare, run_commit);
}

ui::Command add_abort() {
    return ui::make_command<DecideOptions>({.name = "abort",
                                            .usage = {"TRANSACTION"},
                                            .purpose = "make none of its changes",
                                            .examples = {{"ft2pc abort $T", "undoes what was prepared"}}},
                                           declare_abort, run_abort);
}

}  // namespace ft::tools
