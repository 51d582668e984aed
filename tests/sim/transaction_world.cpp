#include "tests/sim/transaction_world.h"

#include <algorithm>

namespace ft::sim {

using namespace twophase;

namespace {

constexpr std::size_t most_lives = 12;

std::string_view name_of(Action::Kind kind) {
    constexpr std::string_view names[] = {"prepare", "fence", "commit", "abort", "forget", "force", "finish"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Milestone::Kind kind) {
    constexpr std::string_view names[] = {"asked", "prepared", "commit", "abort", "broken", "end"};
    return names[static_cast<std::size_t>(kind)];
}

std::string token_of(std::uint32_t part) { return "token-" + std::to_string(part); }

}  // namespace

TransactionWorld::TransactionWorld(std::uint64_t seed, Mistake mistake) : chance_(seed), mistake_(mistake) {
    make_parties();
}

void TransactionWorld::make_parties() {
    parties_.resize(1 + chance_.below(4));
    for (Party& party : parties_) {
        party.kind = static_cast<Party::Kind>(chance_.below(3));
        party.lists = chance_.one_in(2);
        const std::uint64_t vote = chance_.below(100);
        party.vote = vote < 84 ? Vote::yes : vote < 92 ? Vote::read_only : Vote::no;
    }
}

std::vector<std::string> TransactionWorld::run() {
    begin_life(chance_.one_in(3) ? Verb::prepare : Verb::commit);
    const std::uint64_t steps = chance_.below(120);
    for (std::uint64_t i = 0; i < steps; ++i) step();
    settle();
    judge();
    return blamed_;
}

void TransactionWorld::record(std::size_t life, std::string_view what, std::optional<std::uint32_t> part) {
    story_ += std::to_string(life) + " " + std::string(what) + (part ? " " + std::to_string(*part) : "") + "\n";
}

// --- The coordinator's side: a driver for the protocol ---

std::vector<bool> TransactionWorld::witnesses() const {
    std::vector<bool> witnesses;
    for (const Party& party : parties_) witnesses.push_back(party.kind == Party::Kind::witness);
    return witnesses;
}

History TransactionWorld::history() const {
    History history{.parts = static_cast<std::uint32_t>(parties_.size())};
    for (const Milestone& milestone : journal_) history.add(milestone);
    return history;
}

void TransactionWorld::begin_life(Verb verb) {
    if (!journal_there_ || lives_.size() >= most_lives) return;
    if (living() && !wrong(Mistake::no_lock)) return;
    const std::size_t number = lives_.size();
    Life& life = lives_.emplace_back();
    constexpr std::string_view verbs[] = {"commit", "prepare", "abort", "recover early", "recover"};
    record(number, verbs[static_cast<std::size_t>(verb)]);
    life.protocol.emplace(history(), witnesses());
    life.lines.resize(parties_.size());
    life.busy.resize(parties_.size());
    Protocol& protocol = *life.protocol;
    const bool waits = protocol.phase() == Phase::open || protocol.phase() == Phase::prepared;
    if (verb == Verb::recover_early && waits) {
        life.alive = false;
        return;
    }
    if (waits && (verb == Verb::abort || verb == Verb::recover)) may_abort_ = true;
    Actions actions;
    if (waits && (verb == Verb::commit || verb == Verb::prepare))
        actions = protocol.start(verb == Verb::commit ? Goal::commit : Goal::prepare);
    else if (wrong(Mistake::presumed_commit) && protocol.phase() == Phase::aborting)
        for (std::uint32_t i = 0; i < parties_.size(); ++i)
            actions.push_back({.kind = Action::Kind::commit, .part = i});
    else
        actions = protocol.recover();
    if (waits && verb == Verb::prepare && actions.empty()) life.alive = false;  // it is prepared already
    perform(number, actions);
}

void TransactionWorld::perform(std::size_t number, const Actions& actions) {
    for (const Action& action : actions) {
        if (!lives_[number].alive) return;
        switch (action.kind) {
            case Action::Kind::force:
                perform_force(number, action.milestone);
                break;
            case Action::Kind::finish:
                finish(number);
                break;
            case Action::Kind::fence:
                if (wrong(Mistake::no_fence)) {
                    perform(number, lives_[number].protocol->on_fenced(action.part));
                    break;
                }
                [[fallthrough]];
            default:
                lives_[number].lines[action.part].push_back(action);
                send_next(number, action.part);
        }
    }
}

void TransactionWorld::perform_force(std::size_t number, const Milestone& milestone) {
    using Kind = Milestone::Kind;
    Milestone written = milestone;
    if (wrong(Mistake::tokens_lost) && written.kind == Kind::commit)
        for (auto& token : written.tokens)
            if (token) token = "";
    lives_[number].forces.push_back(written);
    const bool early = (wrong(Mistake::commit_not_forced) && written.kind == Kind::commit) ||
                       (wrong(Mistake::asked_not_forced) && written.kind == Kind::asked) ||
                       (wrong(Mistake::prepared_not_forced) && written.kind == Kind::prepared) ||
                       (wrong(Mistake::abort_not_forced) && written.kind == Kind::abort) ||
                       (wrong(Mistake::ended_unrecorded) && written.kind == Kind::end);
    if (wrong(Mistake::told_before_forced) && written.kind == Kind::commit) told_commit_ = true;
    if (early) perform(number, lives_[number].protocol->on_forced(written.kind));
}

void TransactionWorld::send_next(std::size_t number, std::uint32_t part) {
    Life& life = lives_[number];
    if (!life.alive || life.busy[part] || life.lines[part].empty()) return;
    const Action action = life.lines[part].front();
    life.lines[part].erase(life.lines[part].begin());
    life.busy[part] = true;
    Call call{.life = number, .kind = action.kind, .part = part};
    call.decision = action.kind == Action::Kind::commit ? Decision::commit : Decision::abort;
    call.token = life.protocol->parts()[part].token;
    calls_.push_back(call);
}

void TransactionWorld::finish(std::size_t number) {
    Life& life = lives_[number];
    life.finished = true;
    record(number, "finishes");
    life.alive = false;
    if (life.protocol->phase() == Phase::ended) journal_there_ = false;
    tell(*life.protocol);
}

void TransactionWorld::tell(const Protocol& protocol) {
    if (protocol.phase() == Phase::prepared) told_prepared_ = true;
    if (protocol.phase() == Phase::in_doubt || protocol.phase() == Phase::open) return;
    if (protocol.decision() == Decision::commit) told_commit_ = true;
    if (protocol.decision() == Decision::commit && protocol.phase() == Phase::ended) told_done_ = true;
    if (protocol.decision() == Decision::abort) told_abort_ = true;
}

void TransactionWorld::end_life(std::size_t number, bool power) {
    Life& life = lives_[number];
    if (!life.alive) return;
    life.alive = false;
    record(number, power ? "loses power" : "is killed or gives up");
    troubled_ = may_abort_ = true;
    if (!power && chance_.one_in(2)) tell(*life.protocol);  // it gave up waiting and said what it knew
    for (const Milestone& milestone : life.forces) {        // a prefix of what was on its way has arrived
        if (chance_.one_in(2)) break;
        journal_.push_back(milestone);
    }
    life.forces.clear();
}

std::optional<std::size_t> TransactionWorld::living() {
    for (std::size_t i = 0; i < lives_.size(); ++i)
        if (lives_[i].alive) return i;
    return std::nullopt;
}

void TransactionWorld::force_ends(std::size_t number, std::size_t which, bool well) {
    using Kind = Milestone::Kind;
    Life& life = lives_[number];
    const Milestone milestone = life.forces[which];
    life.forces.erase(life.forces.begin() + static_cast<std::ptrdiff_t>(which));
    record(number, std::string(well ? "durable: " : "not written: ") + std::string(name_of(milestone.kind)));
    if (well) {
        journal_.push_back(milestone);
        perform(number, life.protocol->on_forced(milestone.kind));
        return;
    }
    troubled_ = may_abort_ = true;
    if (chance_.one_in(2)) journal_.push_back(milestone);
    life.forces.clear();  // the log is dead
    if (milestone.kind == Kind::commit && wrong(Mistake::failed_force_is_abort)) {
        told_abort_ = true;
        life.alive = false;
        for (std::uint32_t i = 0; i < parties_.size(); ++i)
            calls_.push_back({.life = number, .kind = Action::Kind::abort, .part = i, .decision = Decision::abort});
        return;
    }
    if (milestone.kind == Kind::commit && wrong(Mistake::failed_force_is_commit)) {
        perform(number, life.protocol->on_forced(Kind::commit));
        return;
    }
    perform(number, life.protocol->on_force_failed(milestone.kind));
    life.alive = false;  // whoever goes on reads the journal anew
}

// --- The participants ---

void TransactionWorld::deliver(Call& call) {
    Party& party = parties_[call.part];
    call.delivered = true;
    if (call.life < party.fence) return;  // of one that was fenced off: nobody hears the answer
    record(call.life, name_of(call.kind), call.part);
    act(party, call);
}

void TransactionWorld::act(Party& party, Call& call) {
    call.settled = {.ack = Ack::done, .why = ""};
    switch (call.kind) {
        case Action::Kind::prepare:
            prepare(party, call);
            break;
        case Action::Kind::fence:
            party.fence = call.life;
            break;
        case Action::Kind::commit:
            commit(party, call);
            break;
        case Action::Kind::abort:
            abort(party, call);
            break;
        case Action::Kind::forget:
            if (party.state == Party::State::committed || party.state == Party::State::aborted)
                party.state = Party::State::none;
            break;
        case Action::Kind::force:
        case Action::Kind::finish:
            break;
    }
}

void TransactionWorld::prepare(Party& party, Call& call) {
    if (party.closed == call.life || party.state != Party::State::none) {
        call.voted = {.vote = Vote::no, .token = "", .why = "asked twice"};
        return;
    }
    call.voted.vote = party.vote;
    if (party.vote != Vote::yes) return;
    party.state = Party::State::prepared;
    party.token = call.voted.token = token_of(call.part);
    const bool clean =
        mistake_ != Mistake::none && mistake_ != Mistake::broken_is_done && mistake_ != Mistake::unknown_is_done;
    if (clean || !chance_.one_in(60)) return;
    if (party.kind != Party::Kind::done_when_gone && chance_.one_in(2)) {
        party.amnesiac = true;  // its disk fails it
        party.state = Party::State::none;
    } else {
        party.heuristic = true;  // some day it loses patience
        party.state = Party::State::aborted;
    }
}

void TransactionWorld::commit(Party& party, Call& call) {
    if (party.heuristic) {
        call.settled.ack = Ack::broken;
        return;
    }
    const bool again = party.state == Party::State::committed && wrong(Mistake::commit_twice);
    if (party.state == Party::State::prepared || again) {
        if (call.token != party.token) blame("commit without the token of the vote");
        ++party.effects;
        const bool stays = party.kind == Party::Kind::witness && !wrong(Mistake::forgets_early);
        party.state = stays ? Party::State::committed : Party::State::none;
        if (again) party.state = Party::State::committed;
        return;
    }
    if (party.state == Party::State::aborted) blame("commit after abort");
    if (party.state == Party::State::none && party.kind != Party::Kind::done_when_gone) call.settled.ack = Ack::unknown;
}

void TransactionWorld::abort(Party& party, Call& call) {
    party.closed = call.life;
    if (party.state == Party::State::committed) {
        blame("abort after commit");
        call.settled.ack = Ack::broken;
    }
    if (party.state == Party::State::none && party.effects > 0 && !call.ghost) blame("abort after commit and end");
    if (party.state == Party::State::prepared)
        party.state = party.kind == Party::Kind::witness ? Party::State::aborted : Party::State::none;
}

void TransactionWorld::crash_party(std::uint32_t part) {
    Party& party = parties_[part];
    troubled_ = may_abort_ = true;
    record(0, "crash of participant", part);
    for (std::size_t i = 0; i < calls_.size(); ++i)
        if (calls_[i].part == part && !calls_[i].delivered) calls_[i].delivered = calls_[i].ghost = true;
    if (wrong(Mistake::vote_not_durable) && party.state == Party::State::prepared) party.state = Party::State::none;
}

void TransactionWorld::sweep() {
    if (journal_there_ && !wrong(Mistake::sweep_takes_live_ones)) return;
    for (Party& party : parties_)
        if (party.lists && party.state == Party::State::prepared) party.state = Party::State::none;
}

// --- The world's course ---

void TransactionWorld::answer(std::size_t which, bool lost) {
    const Call call = calls_[which];
    calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(which));
    Life& life = lives_[call.life];
    if (call.ghost && !lost) lost = true;  // its participant crashed, or it was a copy
    record(call.life, std::string(lost ? "no answer to " : "answer to ") + std::string(name_of(call.kind)), call.part);
    if (lost) troubled_ = may_abort_ = true;
    if (!life.alive) return;
    life.busy[call.part] = false;
    Protocol& protocol = *life.protocol;
    std::uint32_t part = call.part;
    if (wrong(Mistake::answer_of_another_part)) part = (part + 1) % static_cast<std::uint32_t>(parties_.size());
    Actions actions;
    if (call.kind == Action::Kind::prepare) {
        Voted voted = lost ? Voted{.vote = Vote::silent, .token = "", .why = "no answer"} : call.voted;
        if (lost && wrong(Mistake::silence_is_yes)) voted.vote = Vote::yes;
        if (voted.vote == Vote::no && wrong(Mistake::last_vote_wins)) voted.vote = Vote::yes;
        actions = protocol.on_vote(part, voted);
    } else if (lost && !wrong(Mistake::again_is_done)) {
        actions = protocol.again(part);
    } else if (call.kind == Action::Kind::fence) {
        actions = protocol.on_fenced(part);
    } else if (call.kind == Action::Kind::forget) {
        actions = protocol.on_forgotten(part);
    } else {
        Settled settled = call.settled;
        if (lost) settled.ack = Ack::done;
        if (settled.ack == Ack::unknown && wrong(Mistake::unknown_is_done)) settled.ack = Ack::done;
        if (settled.ack == Ack::broken && wrong(Mistake::broken_is_done)) settled.ack = Ack::done;
        if (wrong(Mistake::ended_too_early) && settled.ack == Ack::done) journal_there_ = false;
        actions = protocol.on_ack(part, call.decision, settled);
    }
    perform(call.life, actions);
    if (lives_[call.life].alive) send_next(call.life, call.part);
}

void TransactionWorld::step() {
    const std::optional<std::size_t> alive = living();
    const std::uint64_t what = chance_.below(100);
    if (what < 3 && alive) return end_life(*alive, chance_.one_in(2));
    if (what < 5) return crash_party(static_cast<std::uint32_t>(chance_.below(parties_.size())));
    if (what < 10) return sweep();
    if (what < 22) return begin_life(static_cast<Verb>(chance_.below(5)));
    if (what < 24 && alive && lives_[*alive].protocol->phase() == Phase::preparing) {  // a time limit, or the user
        may_abort_ = true;
        return perform(*alive, lives_[*alive].protocol->decide(Decision::abort));
    }
    if (what < 26 && alive && wrong(Mistake::aborted_after_decision)) {
        if (lives_[*alive].protocol->decision() == Decision::commit) told_abort_ = true;
        return;
    }
    if (what < 45 && alive && !lives_[*alive].forces.empty()) return force_ends(*alive, 0, !chance_.one_in(12));
    if (calls_.empty()) return;
    const std::size_t which = chance_.below(calls_.size());
    Call& call = calls_[which];
    if (call.delivered) return answer(which, chance_.one_in(10));
    if (chance_.one_in(12)) return answer(which, true);  // the call itself is lost
    deliver(call);
    const bool may_double = call.kind == Action::Kind::commit || call.kind == Action::Kind::abort;
    if (!may_double || !chance_.one_in(8) || call.life < parties_[call.part].fence) return;
    Call copy = call;
    copy.ghost = true;
    act(parties_[copy.part], copy);
}

void TransactionWorld::calm_step() {
    if (const auto alive = living(); alive && !lives_[*alive].forces.empty()) return force_ends(*alive, 0, true);
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (!calls_[i].delivered) return deliver(calls_[i]);
        return answer(i, calls_[i].ghost);
    }
}

void TransactionWorld::settle() {
    for (unsigned round = 0; round < 6; ++round) {
        for (unsigned i = 0; i < 400 && (living() || !calls_.empty()); ++i) {
            calm_step();
            if (const auto alive = living(); alive && calls_.empty() && lives_[*alive].forces.empty()) {
                tell(*lives_[*alive].protocol);  // nothing moves: it says what it knows, and goes
                lives_[*alive].alive = false;
            }
        }
        sweep();
        if (!journal_there_) return;
        if (lives_.size() >= most_lives) lives_.resize(most_lives - 1);
        begin_life(Verb::recover);
    }
}

void TransactionWorld::judge() {
    std::size_t committed = 0, wanted = 0, broken = 0, unknown = 0;
    for (const Party& party : parties_) {
        if (party.effects > 1) blame("committed twice");
        if (party.effects > 0) ++committed;
        if (party.effects > 0 && party.vote != Vote::yes) blame("committed without a yes");
        if (party.vote != Vote::read_only && !party.heuristic && !party.amnesiac) ++wanted;
        if (party.heuristic || party.amnesiac) ++broken;
        if (party.kind == Party::Kind::unknown_when_gone && party.effects > 0) ++unknown;
        if (party.state == Party::State::prepared) blame("left in doubt");
    }
    if (committed != 0 && committed != wanted) blame("some committed, some did not");
    if (told_commit_ && committed != wanted) blame("told committed, but not all did");
    if (told_abort_ && committed != 0) blame("told aborted, but some committed");
    if (told_done_ && broken != 0) blame("told that all is done, but one has disobeyed or knows nothing");
    if (told_commit_ && told_abort_) blame("told both");
    if (journal_there_ && broken == 0 && unknown == 0) blame("the transaction has no end");
    if (!journal_there_ && broken != 0 && told_commit_) blame("what is broken is forgotten");
    const bool all_agree =
        std::all_of(parties_.begin(), parties_.end(), [](const Party& p) { return p.vote != Vote::no; });
    if (!troubled_ && !may_abort_ && all_agree && committed != wanted) blame("all said yes, nothing failed, no commit");
    if (told_prepared_ && !may_abort_ && committed != wanted) blame("prepared, and given up with no reason");
}

}  // namespace ft::sim
