#include "libcore/twophase/protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

bool has_ended(Standing s) { return s == Standing::done || s == Standing::read_only || s == Standing::no; }
bool is_settled(Standing s) { return has_ended(s) || s == Standing::broken; }
bool agrees(Standing s) { return s == Standing::yes || s == Standing::read_only; }
bool has_nothing_to_commit(Standing s) { return s == Standing::read_only; }

}  // namespace

std::string_view name_of(Standing standing) {
    constexpr std::array<std::string_view, 11> names{"idle",     "asked", "yes",     "read-only", "no",    "silent",
                                                     "unfenced", "told",  "unknown", "done",      "broken"};
    return names[static_cast<std::size_t>(standing)];
}

void History::add(const Milestone& milestone) {
    switch (milestone.kind) {
        case Milestone::Kind::asked:
            asked = true;
            break;
        case Milestone::Kind::prepared:
            prepared = milestone.tokens;
            break;
        case Milestone::Kind::abort:
            decision = Decision::abort;
            break;
        case Milestone::Kind::broken:
            broken.emplace_back(milestone.part, milestone.why);
            break;
        case Milestone::Kind::end:
            ended = true;
            break;
        case Milestone::Kind::commit:
            decision = Decision::commit;
            tokens = milestone.tokens;
            break;
    }
}

Protocol::Protocol(std::vector<bool> witnesses) : parts_(witnesses.size()), witnesses_(std::move(witnesses)) {
    check(!parts_.empty(), "a transaction has participants");
}

Protocol::Protocol(const History& history, std::vector<bool> witnesses)
    : parts_(history.parts), witnesses_(std::move(witnesses)), decision_(history.decision) {
    check(!parts_.empty() && witnesses_.size() == parts_.size(), "a transaction has participants");
    recorded_ = history.prepared.has_value();
    if (!history.asked) return;
    const bool is_prepared = recorded_ && decision_ == Decision::none;
    const Tokens tokens = decision_ == Decision::commit ? history.tokens : history.prepared.value_or(Tokens());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const bool has_ended = !tokens.empty() && !tokens[i];
        parts_[i].standing = has_ended ? Standing::read_only : is_prepared ? Standing::yes : Standing::unfenced;
        if (has_ended) witnesses_[i] = false;
        if (!tokens.empty()) parts_[i].token = tokens[i].value_or("");
    }
    for (const auto& [part, why] : history.broken) {
        parts_[part] = {Standing::broken, parts_[part].token, why};
        if (history.ended) witnesses_[part] = true;  // what it kept for a person to look at
    }
    phase_ = history.ended                   ? Phase::forgetting
             : is_prepared                   ? Phase::prepared
             : decision_ == Decision::commit ? Phase::committing
                                             : Phase::aborting;
    if (decision_ == Decision::none && !is_prepared) decision_ = Decision::abort;  // presumed
}

Actions Protocol::start(Goal goal) {
    if (phase_ == Phase::prepared && goal == Goal::commit) return decide(Decision::commit);
    if (phase_ != Phase::open) return {};
    goal_ = goal;
    phase_ = Phase::preparing;
    return force({.kind = Milestone::Kind::asked});
}

Actions Protocol::decide(Decision decision) {
    if (decision == Decision::commit) return phase_ == Phase::prepared ? force_commit() : Actions();
    if (phase_ == Phase::prepared) {
        phase_ = Phase::deciding;
        return force({.kind = Milestone::Kind::abort});
    }
    if (phase_ == Phase::preparing && parts_[0].standing == Standing::idle) {
        given_up_ = true;  // until the journal says `asked`, others could still commit it
        return {};
    }
    return phase_ == Phase::open || phase_ == Phase::preparing ? abort_now() : Actions();
}

Actions Protocol::recover() {
    if (phase_ == Phase::forgetting) return forget_or_finish();
    if (phase_ == Phase::committing || phase_ == Phase::aborting) return tell();
    return decide(Decision::abort);
}

Actions Protocol::on_vote(std::uint32_t part, const Voted& voted) {
    Part& one = parts_[part];
    if (phase_ != Phase::preparing || one.standing != Standing::asked) return {};  // late, or said twice
    one.token = voted.token;
    one.why = voted.why;
    switch (voted.vote) {
        case Vote::yes:
            one.standing = Standing::yes;
            break;
        case Vote::read_only:
            one.standing = Standing::read_only;
            witnesses_[part] = false;
            break;
        case Vote::no:
            one.standing = Standing::no;
            witnesses_[part] = false;
            return abort_now();
        case Vote::silent:
            one.standing = Standing::silent;
            return abort_now();
    }
    if (!all(agrees)) return {};
    if (goal_ == Goal::commit) return force_commit();
    recorded_ = true;
    phase_ = Phase::deciding;
    return force({.kind = Milestone::Kind::prepared, .tokens = tokens()});
}

Actions Protocol::on_fenced(std::uint32_t part) {
    if (parts_[part].standing != Standing::unfenced) return {};
    parts_[part].standing = Standing::told;
    return {question(part)};
}

Actions Protocol::on_ack(std::uint32_t part, Decision told, const Settled& settled) {
    Part& one = parts_[part];
    if (told != decision_ || (phase_ != Phase::committing && phase_ != Phase::aborting)) return {};
    if (one.standing != Standing::told && one.standing != Standing::unknown) return {};
    one.why = settled.why;
    Ack ack = settled.ack;
    if (ack == Ack::unknown && told == Decision::abort) ack = Ack::done;  // presumed abort
    switch (ack) {
        case Ack::again:
            return {};
        case Ack::unknown:
            one.standing = Standing::unknown;
            return {};
        case Ack::done:
            one.standing = Standing::done;
            break;
        case Ack::broken:
            one.standing = Standing::broken;
            break;
    }
    if (ack == Ack::done) return end_if_all_obeyed();
    return force({.kind = Milestone::Kind::broken, .part = part, .why = settled.why});
}

Actions Protocol::on_forgotten(std::uint32_t part) {
    if (phase_ != Phase::forgetting) return {};
    witnesses_[part] = false;
    if (std::find(witnesses_.begin(), witnesses_.end(), true) != witnesses_.end()) return {};
    phase_ = Phase::ended;
    return {{.kind = Action::Kind::finish}};
}

Actions Protocol::on_forced(Milestone::Kind kind) {
    const bool decides =
        kind != Milestone::Kind::asked && kind != Milestone::Kind::broken && kind != Milestone::Kind::end;
    if (decides && phase_ != Phase::deciding) return {};
    switch (kind) {
        case Milestone::Kind::asked:
            return phase_ != Phase::preparing ? Actions() : given_up_ ? abort_now() : ask();
        case Milestone::Kind::prepared:
            phase_ = Phase::prepared;
            return {{.kind = Action::Kind::finish}};
        case Milestone::Kind::commit:
            decision_ = Decision::commit;
            phase_ = Phase::committing;
            return tell();
        case Milestone::Kind::abort:
            decision_ = Decision::abort;
            phase_ = Phase::aborting;
            return tell();
        case Milestone::Kind::broken:
            return end_if_all_obeyed();
        case Milestone::Kind::end:
            phase_ = Phase::forgetting;
            return forget_or_finish();
    }
    return {};
}

Actions Protocol::on_force_failed(Milestone::Kind kind) {
    switch (kind) {
        case Milestone::Kind::asked:  // and nobody was
            decision_ = Decision::abort;
            phase_ = Phase::ended;
            break;
        case Milestone::Kind::prepared:
        case Milestone::Kind::commit:
        case Milestone::Kind::abort:
            phase_ = Phase::in_doubt;
            break;
        case Milestone::Kind::broken:
            return end_if_all_obeyed();  // whoever asks again hears it again
        case Milestone::Kind::end:
            break;  // it stays to be recovered, once more
    }
    return {{.kind = Action::Kind::finish}};
}

Actions Protocol::again(std::uint32_t part) const {
    const Standing standing = parts_[part].standing;
    if (phase_ == Phase::forgetting && witnesses_[part]) return {{.kind = Action::Kind::forget, .part = part}};
    if (phase_ != Phase::committing && phase_ != Phase::aborting) return {};
    if (standing == Standing::unfenced) return {{.kind = Action::Kind::fence, .part = part}};
    if (standing == Standing::told || standing == Standing::unknown) return {question(part)};
    return {};
}

Actions Protocol::accept(std::uint32_t part) {
    Part& one = parts_[part];
    if (one.standing != Standing::broken && one.standing != Standing::unknown) return {};
    one.standing = Standing::done;
    return end_if_all_obeyed();
}

Actions Protocol::ask() {
    Actions actions;
    for (std::uint32_t i = 0; i < parts_.size(); ++i) {
        parts_[i].standing = Standing::asked;
        actions.push_back({.kind = Action::Kind::prepare, .part = i});
    }
    return actions;
}

Actions Protocol::force(Milestone milestone) {
    Action action{.kind = Action::Kind::force};
    action.milestone = std::move(milestone);
    return {std::move(action)};
}

Actions Protocol::force_commit() {
    if (!recorded_ && all(has_nothing_to_commit)) {  // whatever is decided, nobody has to hear it
        decision_ = Decision::commit;
        phase_ = Phase::committing;
        return end_if_all_obeyed();
    }
    phase_ = Phase::deciding;
    return force({.kind = Milestone::Kind::commit, .tokens = tokens()});
}

Actions Protocol::abort_now() {
    decision_ = Decision::abort;
    phase_ = Phase::aborting;
    return tell();
}

Actions Protocol::tell() {
    Actions actions;
    for (std::uint32_t i = 0; i < parts_.size(); ++i) {
        Part& one = parts_[i];
        if (one.standing == Standing::idle) {  // it was never asked
            one.standing = Standing::no;
            witnesses_[i] = false;
        }
        if (is_settled(one.standing)) continue;
        if (one.standing == Standing::unfenced) {
            actions.push_back({.kind = Action::Kind::fence, .part = i});
        } else {
            one.standing = Standing::told;
            actions.push_back(question(i));
        }
    }
    return actions.empty() ? end_if_all_obeyed() : actions;
}

Action Protocol::question(std::uint32_t part) const {
    return {.kind = decision_ == Decision::commit ? Action::Kind::commit : Action::Kind::abort, .part = part};
}

Actions Protocol::end_if_all_obeyed() {
    if (!all(is_settled)) return {};
    if (!all(has_ended)) return {{.kind = Action::Kind::finish}};  // a person has to look at what is broken
    if (std::find(witnesses_.begin(), witnesses_.end(), true) != witnesses_.end() && phase_ != Phase::ended)
        return force({.kind = Milestone::Kind::end});
    phase_ = Phase::ended;
    return {{.kind = Action::Kind::finish}};
}

Actions Protocol::forget_or_finish() {
    Actions actions;
    for (std::uint32_t i = 0; i < parts_.size(); ++i)
        if (witnesses_[i]) actions.push_back({.kind = Action::Kind::forget, .part = i});
    if (!actions.empty()) return actions;
    phase_ = Phase::ended;
    return {{.kind = Action::Kind::finish}};
}

Tokens Protocol::tokens() const {
    Tokens tokens;
    for (const Part& part : parts_)
        tokens.push_back(part.standing == Standing::read_only ? std::nullopt : std::optional(part.token));
    return tokens;
}

bool Protocol::all(bool (*holds)(Standing)) const {
    return std::all_of(parts_.begin(), parts_.end(), [&](const Part& part) { return holds(part.standing); });
}

}  // namespace ft::twophase
