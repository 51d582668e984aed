#include "libcore/twophase/desk.h"

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

constexpr std::size_t longest_token = 4096;

Voted vote_of(Participant& participant) {
    try {
        Voted voted = participant.prepare();
        if (voted.token.size() <= longest_token) return voted;
        return {.vote = Vote::silent, .token = "", .why = "its token is longer than 4096 bytes"};
    } catch (const Failure& failure) {  // one participant's failure is its vote
        return {.vote = Vote::silent, .token = "", .why = failure.what()};
    }
}

Settled settled_by(Participant& participant, const Question& question) {
    try {
        switch (question.kind) {
            case Action::Kind::fence:
                return participant.fence();
            case Action::Kind::commit:
                return participant.commit(question.token);
            case Action::Kind::abort:
                return participant.abort();
            case Action::Kind::forget:
                return participant.forget();
            default:
                check(false, "a participant is asked what it understands");
        }
    } catch (const Failure& failure) {  // one participant's failure is its answer
        return {.ack = Ack::again, .why = failure.what()};
    }
    return {};
}

}  // namespace

Desk::Desk(Participants& participants, Clock& clock, Hands* hands)
    : participants_(participants), clock_(clock), hands_(hands), lines_(participants.size()) {}

Desk::~Desk() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    idle_.wait(lock, [&] { return working_ == 0; });
}

void Desk::ask(Question question) {
    const std::uint32_t part = question.part;
    const std::lock_guard lock(mutex_);
    ++open_;
    lines_[part].waiting.push_back(std::move(question));
    if (hands_ == nullptr || std::exchange(lines_[part].busy, true)) return;
    const bool may_be_mine = participants_[part]->keeps_time();
    const std::optional<std::uint32_t> handed = may_be_mine ? std::exchange(mine_, part) : std::optional(part);
    if (!handed) return;
    hands_->hand([this, part = *handed] { work(part); });  // which begins once it gets the lock
    ++working_;
}

bool Desk::is_waiting() {
    std::lock_guard lock(mutex_);
    return open_ > 0;
}

std::optional<Answer> Desk::wait(std::chrono::nanoseconds at_most) {
    if (hands_ == nullptr) answer_one_here();
    std::unique_lock lock(mutex_);
    if (answers_.empty() && mine_) {
        const std::uint32_t part = *std::exchange(mine_, std::nullopt);
        ++working_;
        lock.unlock();
        work(part);
        lock.lock();
    }
    if (open_ == 0) {
        lock.unlock();
        clock_.sleep(at_most);
        return std::nullopt;
    }
    if (!answered_.wait_for(lock, at_most, [&] { return !answers_.empty(); })) return std::nullopt;
    Answer first = std::move(answers_.front());
    answers_.pop_front();
    --open_;
    return first;
}

void Desk::interrupt() { interrupt(std::unique_lock(mutex_)); }

void Desk::interrupt(const std::unique_lock<std::mutex>&) {
    for (std::size_t i = 0; i < lines_.size(); ++i)
        if (lines_[i].busy) participants_[i]->interrupt();
}

void Desk::work(std::uint32_t part) {
    Line& line = lines_[part];
    std::unique_lock lock(mutex_);
    while (!line.waiting.empty() && !ending_) {
        const Question question = std::move(line.waiting.front());
        line.waiting.pop_front();
        lock.unlock();
        Answer said = answer(question);
        lock.lock();
        const bool refuses = said.voted.vote == Vote::no || said.voted.vote == Vote::silent;
        // Nobody waits for other votes any more; and who would say so may be busy with one.
        if (said.kind == Action::Kind::prepare && refuses) interrupt(lock);
        answers_.push_back(std::move(said));
        answered_.notify_one();
    }
    line.busy = false;
    if (--working_ == 0) idle_.notify_one();
}

void Desk::answer_one_here() {
    for (Line& line : lines_) {
        if (line.waiting.empty()) continue;
        const Question question = std::move(line.waiting.front());
        line.waiting.pop_front();
        answers_.push_back(answer(question));
        return;
    }
}

Answer Desk::answer(const Question& question) {
    Participant& participant = *participants_[question.part];
    Answer answer{.kind = question.kind, .part = question.part};
    const auto began = clock_.monotonic();
    if (question.kind == Action::Kind::prepare)
        answer.voted = vote_of(participant);
    else
        answer.settled = settled_by(participant, question);
    answer.took = clock_.monotonic() - began;
    return answer;
}

}  // namespace ft::twophase
