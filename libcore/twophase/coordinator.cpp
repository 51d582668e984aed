#include "libcore/twophase/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

using Moment = std::chrono::nanoseconds;

constexpr Moment glance = std::chrono::milliseconds(100);  ///< how soon a wish to stop is seen
constexpr Moment longest_pause = std::chrono::seconds(2);
constexpr Moment after_stop = std::chrono::seconds(1);  ///< for those who only have to be told

std::vector<bool> witnesses_of(const Desk::Participants& participants) {
    std::vector<bool> witnesses;
    for (const auto& participant : participants) witnesses.push_back(participant->keeps_witness());
    return witnesses;
}

}  // namespace

Coordinator::Coordinator(Chronicle& chronicle, Desk::Participants participants, Clock& clock, const Progress& progress,
                         const Pace& pace)
    : chronicle_(chronicle),
      participants_(std::move(participants)),
      clock_(clock),
      progress_(progress),
      pace_(pace),
      protocol_(chronicle.story().history, witnesses_of(participants_)),
      parts_(participants_.size()),
      retries_(participants_.size(), Retry{.pause = pace.pause}) {
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].label = chronicle.story().parts[i].label;
    const unsigned threads = std::min(pace.threads, static_cast<unsigned>(participants_.size()));
    if (threads > 0 && pace.hands == nullptr) own_hands_.emplace(threads);
    desk_.emplace(participants_, clock, own_hands_ ? &*own_hands_ : threads > 0 ? pace.hands : nullptr);
}

Report Coordinator::prepare() {
    if (protocol_.phase() == Phase::prepared) return report();
    return drive(protocol_.phase() == Phase::open ? protocol_.start(Goal::prepare) : protocol_.recover());
}

Report Coordinator::commit() {
    const bool waits = protocol_.phase() == Phase::open || protocol_.phase() == Phase::prepared;
    return drive(waits ? protocol_.start(Goal::commit) : protocol_.recover());
}

Report Coordinator::abort() {
    if (protocol_.phase() == Phase::open) chronicle_.remove(true);  // what comes back would be open again
    return recover();
}

Report Coordinator::recover() { return drive(protocol_.recover()); }

Report Coordinator::resolve(Decision decision) {
    if (protocol_.phase() == Phase::prepared) return drive(protocol_.decide(decision));
    accepting_ = true;
    Actions actions = protocol_.recover();
    for (std::uint32_t i = 0; i < parts_.size(); ++i) {
        if (protocol_.parts()[i].standing == Standing::broken) overruled_.push_back(i);
        const Actions more = protocol_.accept(i);
        actions.insert(actions.end(), more.begin(), more.end());
    }
    return drive(actions);
}

Report Coordinator::drive(const Actions& first) {
    began_ = asked_ = forced_ = clock_.monotonic();
    if (protocol_.decision() != Decision::none) decided_ = began_;
    perform(first);
    while (!is_over()) {
        if (const std::optional<Answer> answer = desk_->wait(next_glance())) take(*answer);
        ask_again();
        keep_time();
    }
    ended_ = clock_.monotonic();
    desk_->interrupt();
    if (protocol_.phase() == Phase::ended) conclude();
    return report();
}

void Coordinator::conclude() {
    try {
        for (const std::uint32_t part : overruled_)  // what it kept for a person to look at
            if (const Settled settled = participants_[part]->forget(); settled.ack != Ack::done)
                throw Failure({.what = "it cannot forget", .where = parts_[part].label, .why = settled.why});
        if (!chronicle_.story().is_witness())
            chronicle_.remove(false);
        else if (!chronicle_.story().history.ended)
            chronicle_.note({.kind = Milestone::Kind::end});
    } catch (const Failure& failure) {  // all have obeyed, whatever becomes of the journal: a recovery ends it
        concluded_ = false;
        why_ = failure.what();
    }
}

void Coordinator::perform(const Actions& actions) {
    for (const Action& action : actions) {
        if (action.kind == Action::Kind::finish)
            finished_ = true;
        else if (action.kind == Action::Kind::force)
            force(action.milestone);
        else
            ask(action);
    }
}

void Coordinator::force(const Milestone& milestone) {
    const bool decides = milestone.kind == Milestone::Kind::commit || milestone.kind == Milestone::Kind::abort;
    if (decides) decided_ = clock_.monotonic();
    if (milestone.kind == Milestone::Kind::end && pace_.ends_later) {
        chronicle_.note(milestone);
        finished_ = ends_later_ = true;
        return;
    }
    Actions next;
    try {
        chronicle_.force(milestone);
        forced_ = clock_.monotonic();
        next = protocol_.on_forced(milestone.kind);
    } catch (const Failure& failure) {  // whether it is durable is not known: a state of its own, not an end
        why_ = failure.what();
        next = protocol_.on_force_failed(milestone.kind);
    }
    perform(next);
}

void Coordinator::ask(const Action& action) {
    desk_->ask({.kind = action.kind, .part = action.part, .token = protocol_.parts()[action.part].token});
}

void Coordinator::take(const Answer& answer) {
    const std::uint32_t part = answer.part;
    if (answer.kind == Action::Kind::prepare) {
        parts_[part].execute = answer.took;
        if (answer.voted.vote != Vote::yes && answer.voted.vote != Vote::read_only && why_.empty())
            why_ = fmt::format("{}: {}", parts_[part].label, answer.voted.why);
        const bool was_open = protocol_.decision() == Decision::none;
        const Actions next = protocol_.on_vote(part, answer.voted);
        if (was_open && protocol_.decision() == Decision::abort) give_up_preparing("");
        return perform(next);
    }
    parts_[part].commit += answer.took;
    parts_[part].why = answer.settled.why;
    const Ack ack = answer.settled.ack;
    if (ack == Ack::again || (ack == Ack::unknown && protocol_.decision() == Decision::commit)) ask_again_later(part);
    if (answer.kind == Action::Kind::commit || answer.kind == Action::Kind::abort) {
        const Decision told = answer.kind == Action::Kind::commit ? Decision::commit : Decision::abort;
        perform(protocol_.on_ack(part, told, answer.settled));
        if (accepting_ && protocol_.parts()[part].standing == Standing::unknown) perform(protocol_.accept(part));
        return;
    }
    if (ack != Ack::done) return;
    perform(answer.kind == Action::Kind::fence ? protocol_.on_fenced(part) : protocol_.on_forgotten(part));
}

void Coordinator::ask_again_later(std::uint32_t part) {
    Retry& retry = retries_[part];
    retry.due = clock_.monotonic() + retry.pause;
    retry.pause = std::min(2 * retry.pause, longest_pause);
}

void Coordinator::ask_again() {
    const Moment now = clock_.monotonic();
    for (std::uint32_t i = 0; i < retries_.size(); ++i) {
        if (retries_[i].due < Moment(0) || retries_[i].due > now) continue;
        retries_[i].due = Moment(-1);
        perform(protocol_.again(i));
    }
}

void Coordinator::keep_time() {
    if (protocol_.phase() != Phase::preparing) return;
    if (progress_.stop) {
        give_up_preparing("it was stopped");
        perform(protocol_.decide(Decision::abort));
    } else if (clock_.monotonic() - began_ >= pace_.prepare) {
        give_up_preparing(late_voters() + ": no vote in time");
        perform(protocol_.decide(Decision::abort));
    }
}

std::string Coordinator::late_voters() const {
    std::string labels;
    for (std::size_t i = 0; i < parts_.size(); ++i)
        if (protocol_.parts()[i].standing == Standing::asked) labels += (labels.empty() ? "" : ", ") + parts_[i].label;
    return labels;
}

void Coordinator::give_up_preparing(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    decided_ = forced_ = clock_.monotonic();
    desk_->interrupt();  // nobody waits for their votes any more
}

bool Coordinator::is_over() {
    if (finished_) return true;
    if (decided_ < Moment(0) || protocol_.phase() == Phase::deciding) return false;
    if (pace_.deliver == Moment(0) && !desk_->is_waiting()) return true;
    const Moment now = clock_.monotonic();
    if (progress_.stop && stopped_ < Moment(0)) stopped_ = now;
    return (progress_.stop && now - stopped_ >= after_stop) ||
           (pace_.deliver > Moment(0) && now - decided_ >= pace_.deliver);
}

Moment Coordinator::next_glance() {
    Moment until = clock_.monotonic() + glance;
    for (const Retry& retry : retries_)
        if (retry.due >= Moment(0)) until = std::min(until, retry.due);
    return std::max(until - clock_.monotonic(), Moment(0));
}

Report Coordinator::report() {
    Report report{.number = chronicle_.story().number,
                  .phase = protocol_.phase(),
                  .decision = protocol_.decision(),
                  .complete = ends_later_ || (protocol_.phase() == Phase::ended && concluded_),
                  .parts = parts_,
                  .why = why_};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        report.parts[i].standing = protocol_.parts()[i].standing;
        if (report.parts[i].why.empty()) report.parts[i].why = protocol_.parts()[i].why;
    }
    const Moment decided = decided_ < Moment(0) ? ended_ : decided_;
    report.execute = decided - asked_;
    report.decide = forced_ > decided ? forced_ - decided : Moment(0);
    report.commit = ended_ - std::max(forced_, decided);
    return report;
}

}  // namespace ft::twophase
