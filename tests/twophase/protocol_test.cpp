// Goal: the promises of two-phase commit with presumed abort, case by case (protocol.h lists them).
// Method: what happens goes in, what is to be done comes out as one line of words. Millions of schedules:
// tests/sim/transaction_race_test.cpp.
#include "libcore/twophase/protocol.h"

#include <fmt/format.h>

#include "tests/catch.h"

namespace ft::twophase {

namespace {

std::string word(const Action& action) {
    constexpr std::array<std::string_view, 6> milestones{"asked", "prepared", "commit", "abort", "broken", "end"};
    constexpr std::array<std::string_view, 5> questions{"prepare", "fence", "commit", "abort", "forget"};
    if (action.kind == Action::Kind::finish) return "finish";
    if (action.kind != Action::Kind::force)
        return fmt::format("{} {}", questions[static_cast<std::size_t>(action.kind)], action.part);
    std::string text = fmt::format("force {}", milestones[static_cast<std::size_t>(action.milestone.kind)]);
    for (const auto& token : action.milestone.tokens) text += " " + token.value_or("-");
    if (action.milestone.kind == Milestone::Kind::broken) text += fmt::format(" {}", action.milestone.part);
    return text;
}

/// "prepare 0, prepare 1".
std::string words(const Actions& actions) {
    std::string text;
    for (const Action& action : actions) text += (text.empty() ? "" : ", ") + word(action);
    return text;
}

using Step = Milestone::Kind;
const Voted yes{.vote = Vote::yes, .token = "t", .why = ""}, read_only{.vote = Vote::read_only, .token = "", .why = ""},
    no{.vote = Vote::no, .token = "", .why = "no"}, silent{.vote = Vote::silent, .token = "", .why = "gone"};
const Settled done{.ack = Ack::done, .why = ""}, again{.ack = Ack::again, .why = "later"},
    unknown{.ack = Ack::unknown, .why = "what?"}, broken{.ack = Ack::broken, .why = "not me"};

/// One whose participants have all been asked.
Protocol asked(std::vector<bool> witnesses, Goal goal = Goal::commit) {
    Protocol protocol(std::move(witnesses));
    CHECK(words(protocol.start(goal)) == "force asked");
    (void)protocol.on_forced(Step::asked);
    return protocol;
}

/// One that waits with two votes of yes.
Protocol prepared() {
    Protocol protocol = asked({false, false}, Goal::prepare);
    (void)protocol.on_vote(0, yes);
    CHECK(words(protocol.on_vote(1, yes)) == "force prepared t t");
    CHECK(words(protocol.on_forced(Step::prepared)) == "finish");
    return protocol;
}

/// One that is being committed.
Protocol committing(std::vector<bool> witnesses = {false, false}) {
    Protocol protocol = asked(std::move(witnesses));
    (void)protocol.on_vote(0, yes);
    (void)protocol.on_vote(1, yes);
    (void)protocol.on_forced(Step::commit);
    return protocol;
}

History history(const std::vector<Milestone>& milestones) {
    History history{.parts = 2};
    for (const Milestone& milestone : milestones) history.add(milestone);
    return history;
}
const Milestone was_asked{.kind = Step::asked}, was_prepared{.kind = Step::prepared, .tokens = {"t", std::nullopt}},
    was_committed{.kind = Step::commit, .tokens = {"t", "u"}}, was_aborted{.kind = Step::abort};

}  // namespace

TEST_CASE("nobody is asked before the journal says so, and all are told only after the decision is durable") {
    Protocol protocol({false, false});
    CHECK(words(protocol.start(Goal::commit)) == "force asked");
    CHECK(words(protocol.on_forced(Step::asked)) == "prepare 0, prepare 1");
    CHECK(words(protocol.on_vote(1, yes)).empty());
    CHECK(words(protocol.on_vote(0, yes)) == "force commit t t");
    CHECK(protocol.decision() == Decision::none);
    CHECK(words(protocol.on_forced(Step::commit)) == "commit 0, commit 1");
    CHECK(protocol.decision() == Decision::commit);
    CHECK(words(protocol.on_ack(0, Decision::commit, done)).empty());
    CHECK(words(protocol.on_ack(1, Decision::commit, done)) == "finish");
    CHECK(protocol.phase() == Phase::ended);
}

TEST_CASE("who has nothing to commit is told nothing, and is no part of the decision") {
    Protocol protocol = asked({true, false});
    (void)protocol.on_vote(0, read_only);
    CHECK(words(protocol.on_vote(1, yes)) == "force commit - t");
    CHECK(words(protocol.on_forced(Step::commit)) == "commit 1");
    CHECK(words(protocol.on_ack(1, Decision::commit, done)) == "finish");
}

TEST_CASE("where nobody has anything to commit nothing is written") {
    Protocol protocol = asked({true, false});
    (void)protocol.on_vote(0, read_only);
    CHECK(words(protocol.on_vote(1, read_only)) == "finish");
    CHECK(protocol.decision() == Decision::commit);
}

TEST_CASE("one no aborts, at once and without a write: the others are told, whatever they are about to say") {
    Protocol protocol = asked({false, false, false});
    (void)protocol.on_vote(0, yes);
    CHECK(words(protocol.on_vote(1, no)) == "abort 0, abort 2");
    CHECK(words(protocol.on_vote(2, yes)).empty());
    CHECK(protocol.decision() == Decision::abort);
    CHECK(words(protocol.on_ack(2, Decision::abort, done)).empty());
    CHECK(words(protocol.on_ack(0, Decision::abort, done)) == "finish");
}

TEST_CASE("who is silent may be prepared, and is told to abort too") {
    Protocol protocol = asked({false, false});
    CHECK(words(protocol.on_vote(0, silent)) == "abort 0, abort 1");
}

TEST_CASE("a vote counts once, and only from one who was asked") {
    Protocol protocol = asked({false, false});
    (void)protocol.on_vote(0, yes);
    CHECK(words(protocol.on_vote(0, yes)).empty());
    CHECK(protocol.phase() == Phase::preparing);
}

TEST_CASE("a prepared transaction waits, and then does what it is told: either is written first") {
    Protocol commits = prepared();
    CHECK(words(commits.start(Goal::commit)) == "force commit t t");
    CHECK(words(commits.on_forced(Step::commit)) == "commit 0, commit 1");
    Protocol aborts = prepared();
    CHECK(words(aborts.decide(Decision::abort)) == "force abort");
    CHECK(aborts.decision() == Decision::none);
    CHECK(words(aborts.on_forced(Step::abort)) == "abort 0, abort 1");
}

TEST_CASE("a decision comes too late once there is another") {
    Protocol protocol = committing();
    CHECK(words(protocol.decide(Decision::abort)).empty());
    CHECK(words(protocol.recover()) == "commit 0, commit 1");
    CHECK(protocol.decision() == Decision::commit);
    Protocol deciding = prepared();
    (void)deciding.decide(Decision::commit);
    CHECK(words(deciding.decide(Decision::abort)).empty());
}

TEST_CASE("commit is decided of what is prepared, and of nothing else") {
    Protocol protocol = asked({false, false});
    CHECK(words(protocol.decide(Decision::commit)).empty());
    CHECK(words(Protocol({false}).decide(Decision::commit)).empty());
}

TEST_CASE("given up before the journal said that they are asked, it waits for that, and asks nobody") {
    Protocol protocol({true, false});
    (void)protocol.start(Goal::commit);
    CHECK(words(protocol.decide(Decision::abort)).empty());
    CHECK(words(protocol.on_forced(Step::asked)) == "finish");
    CHECK(protocol.decision() == Decision::abort);
}

TEST_CASE("given up while they are asked, all are told to abort") {
    Protocol protocol = asked({false, false});
    (void)protocol.on_vote(0, yes);
    CHECK(words(protocol.decide(Decision::abort)) == "abort 0, abort 1");
}

TEST_CASE("a decision that could not be written is nobody's to tell: in doubt") {
    for (const Step kind : {Step::prepared, Step::commit, Step::abort}) {
        Protocol protocol = prepared();
        if (kind == Step::prepared) {
            protocol = asked({false}, Goal::prepare);
            (void)protocol.on_vote(0, yes);
        } else {
            (void)protocol.decide(kind == Step::commit ? Decision::commit : Decision::abort);
        }
        CHECK(words(protocol.on_force_failed(kind)) == "finish");
        CHECK(protocol.phase() == Phase::in_doubt);
        CHECK(protocol.decision() == Decision::none);
        CHECK(words(protocol.again(0)).empty());
        CHECK(words(protocol.decide(Decision::abort)).empty());
    }
}

TEST_CASE("where it could not be written that they are asked, nobody was, and it is over") {
    Protocol protocol({false, false});
    (void)protocol.start(Goal::commit);
    CHECK(words(protocol.on_force_failed(Step::asked)) == "finish");
    CHECK(protocol.decision() == Decision::abort);
    CHECK(protocol.phase() == Phase::ended);
}

TEST_CASE("who cannot obey now is asked again, and it is not over before all have obeyed") {
    Protocol protocol = committing();
    CHECK(words(protocol.on_ack(0, Decision::commit, again)).empty());
    CHECK(words(protocol.on_ack(1, Decision::commit, done)).empty());
    CHECK(words(protocol.again(0)) == "commit 0");
    CHECK(words(protocol.again(1)).empty());
    CHECK(words(protocol.on_ack(0, Decision::commit, done)) == "finish");
}

TEST_CASE("an unknown branch is aborted, but never committed") {
    Protocol commits = committing();
    (void)commits.on_ack(0, Decision::commit, done);
    CHECK(words(commits.on_ack(1, Decision::commit, unknown)).empty());
    CHECK(commits.parts()[1].standing == Standing::unknown);
    CHECK(commits.phase() == Phase::committing);
    CHECK(words(commits.again(1)) == "commit 1");
    CHECK(words(commits.on_ack(1, Decision::commit, done)) == "finish");
    Protocol aborts = asked({false, false});
    (void)aborts.on_vote(0, silent);
    (void)aborts.on_ack(0, Decision::abort, unknown);
    CHECK(words(aborts.on_ack(1, Decision::abort, unknown)) == "finish");
}

TEST_CASE("an unknown branch is settled by a person's word, if it is the only one left") {
    Protocol protocol = committing();
    (void)protocol.on_ack(0, Decision::commit, done);
    (void)protocol.on_ack(1, Decision::commit, unknown);
    CHECK(words(protocol.accept(0)).empty());
    CHECK(words(protocol.accept(1)) == "finish");
    CHECK(protocol.phase() == Phase::ended);
}

TEST_CASE("a word of abort does not answer a commit, nor the other way") {
    Protocol protocol = committing();
    CHECK(words(protocol.on_ack(0, Decision::abort, done)).empty());
    CHECK(protocol.parts()[0].standing == Standing::told);
}

TEST_CASE("who has disobeyed is written down, and kept: it does not end") {
    Protocol protocol = committing();
    (void)protocol.on_ack(0, Decision::commit, done);
    CHECK(words(protocol.on_ack(1, Decision::commit, broken)) == "force broken 1");
    CHECK(words(protocol.on_forced(Step::broken)) == "finish");
    CHECK(protocol.phase() == Phase::committing);
    CHECK(words(protocol.again(1)).empty());
    CHECK(words(protocol.accept(1)) == "finish");
    CHECK(protocol.phase() == Phase::ended);
}

TEST_CASE("witnesses go only after it is durable that all have obeyed") {
    Protocol protocol = committing({true, false});
    (void)protocol.on_ack(0, Decision::commit, done);
    CHECK(words(protocol.on_ack(1, Decision::commit, done)) == "force end");
    CHECK(words(protocol.on_forced(Step::end)) == "forget 0");
    CHECK(words(protocol.again(0)) == "forget 0");
    CHECK(words(protocol.on_forgotten(0)) == "finish");
    CHECK(protocol.phase() == Phase::ended);
}

TEST_CASE("an end that could not be written leaves witnesses and journal for the next time") {
    Protocol protocol = committing({true, true});
    (void)protocol.on_ack(0, Decision::commit, done);
    (void)protocol.on_ack(1, Decision::commit, done);
    CHECK(words(protocol.on_force_failed(Step::end)) == "finish");
    CHECK(protocol.phase() != Phase::ended);
}

TEST_CASE("recovery tells what the journal says, after the dead one's doings are fenced") {
    Protocol commits(history({was_asked, was_prepared, was_committed}), {false, false});
    CHECK(words(commits.recover()) == "fence 0, fence 1");
    CHECK(words(commits.on_fenced(1)) == "commit 1");
    CHECK(words(commits.on_fenced(1)).empty());
    CHECK(words(commits.on_fenced(0)) == "commit 0");
    CHECK(commits.parts()[1].token == "u");
    Protocol aborts(history({was_asked, was_prepared, was_aborted}), {false, false});
    CHECK(words(aborts.recover()) == "fence 0");
    CHECK(words(aborts.on_fenced(0)) == "abort 0");
}

TEST_CASE("recovery presumes abort of what was asked and not decided, without a write") {
    Protocol protocol(history({was_asked}), {false, false});
    CHECK(protocol.decision() == Decision::abort);
    CHECK(words(protocol.recover()) == "fence 0, fence 1");
    CHECK(words(protocol.on_fenced(0)) == "abort 0");
}

TEST_CASE("recovery of what is prepared writes the abort first: others could have committed it") {
    Protocol protocol(history({was_asked, was_prepared}), {false, false});
    CHECK(protocol.phase() == Phase::prepared);
    CHECK(words(protocol.recover()) == "force abort");
    CHECK(words(protocol.on_forced(Step::abort)) == "abort 0");
}

TEST_CASE("recovery of what is open ends it") {
    Protocol protocol(history({}), {false, false});
    CHECK(words(protocol.recover()) == "finish");
    CHECK(protocol.decision() == Decision::abort);
}

TEST_CASE("recovery of what has ended only removes witnesses") {
    Protocol protocol(history({was_asked, was_committed, {.kind = Step::end}}), {true, false});
    CHECK(words(protocol.recover()) == "forget 0");
    Protocol none(history({was_asked, was_committed, {.kind = Step::end}}), {false, false});
    CHECK(words(none.recover()) == "finish");
}

TEST_CASE("recovery asks those again that a crash cut off, and leaves those alone that had disobeyed") {
    Protocol protocol(history({was_asked, was_committed, {.kind = Step::broken, .part = 0, .why = "not me"}}),
                      {false, false});
    CHECK(protocol.parts()[0].why == "not me");
    CHECK(words(protocol.recover()) == "fence 1");
    (void)protocol.on_fenced(1);
    CHECK(words(protocol.on_ack(1, Decision::commit, done)) == "finish");
    CHECK(protocol.phase() == Phase::committing);
}

}  // namespace ft::twophase
