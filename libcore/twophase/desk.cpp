#include "libcore/twophase/desk.h"

#include <poll.h>

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
    Lock lock(mutex_);
    ++open_;
    Line& line = lines_[part];
    line.waiting.push_back(std::move(question));
    if (hands_ != nullptr && !line.busy && !line.begun) turn_to(part, lock);
}

void Desk::turn_to(std::uint32_t part, Lock& lock) {
    Line& line = lines_[part];
    lock.unlock();  // nobody else works on this line
    const auto now = clock_.monotonic();
    const bool has_begun = begin(line.waiting.front());
    lock.lock();
    if (has_begun) {
        line.begun = std::move(line.waiting.front());
        line.waiting.pop_front();
        line.since = now;
        line.may_be_ready = false;
        ++begun_;
        return;
    }
    line.busy = true;
    hands_->hand([this, part] { work(part); });  // which begins once it gets the lock
    ++working_;
}

bool Desk::begin(const Question& question) {
    Participant& participant = *participants_[question.part];
    if (question.kind == Action::Kind::prepare) return participant.begin_prepare();
    return question.kind == Action::Kind::commit && participant.begin_commit(question.token);
}

bool Desk::is_waiting() {
    std::lock_guard lock(mutex_);
    return open_ > 0;
}

std::optional<Answer> Desk::wait(std::chrono::nanoseconds at_most) {
    if (hands_ == nullptr) answer_one_here();
    Lock lock(mutex_);
    if (open_ == 0) {
        lock.unlock();
        clock_.sleep(at_most);
        return std::nullopt;
    }
    for (const auto until = clock_.monotonic() + at_most; answers_.empty(); answer_ready(lock)) {
        if (clock_.monotonic() >= until) return std::nullopt;
        wait_for_any(until, lock);
    }
    Answer first = std::move(answers_.front());
    answers_.pop_front();
    --open_;
    return first;
}

void Desk::answer_ready(Lock& lock) {
    for (std::uint32_t part = 0; begun_ > 0 && part < lines_.size(); ++part) {
        Line& line = lines_[part];
        if (!line.begun || !std::exchange(line.may_be_ready, false)) continue;
        lock.unlock();
        std::optional<Answer> said;
        if (participants_[part]->is_ready()) said = answer(*line.begun);
        lock.lock();
        if (!said) continue;
        said->took = clock_.monotonic() - line.since;
        line.begun.reset();
        --begun_;
        keep(*std::move(said), lock);
        if (!line.waiting.empty()) turn_to(part, lock);
    }
}

void Desk::wait_for_any(std::chrono::nanoseconds until, Lock& lock) {
    if (begun_ > 0) return wait_for_servers(until, lock);
    answered_.wait_for(lock, until - clock_.monotonic(), [&] { return !answers_.empty(); });
}

void Desk::wait_for_servers(std::chrono::nanoseconds until, Lock& lock) {
    std::vector<pollfd> servers;
    bool may_wait = true;
    for (std::size_t part = 0; part < lines_.size(); ++part) {
        servers.push_back({lines_[part].begun ? participants_[part]->answer_descriptor() : -1, POLLIN, 0});
        may_wait = may_wait && !(lines_[part].begun && lines_[part].may_be_ready);
    }
    if (working_ > 0 && !bell_) bell_.emplace();
    servers.push_back({bell_ ? bell_->descriptor() : -1, POLLIN, 0});
    lock.unlock();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.monotonic());
    // Nothing, or a signal: they may have come to their limits.
    const bool any = ::poll(servers.data(), servers.size(), may_wait ? static_cast<int>(left.count()) : 0) > 0;
    lock.lock();
    for (std::size_t part = 0; part < lines_.size(); ++part)
        lines_[part].may_be_ready = lines_[part].may_be_ready || !any || servers[part].revents != 0;
    if (bell_) bell_->clear();
}

void Desk::interrupt() { interrupt(Lock(mutex_)); }

void Desk::interrupt(const Lock&) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].busy || lines_[i].begun) participants_[i]->interrupt();
        lines_[i].may_be_ready = true;  // it is, now
    }
}

void Desk::keep(Answer said, const Lock& lock) {
    const bool refuses = said.voted.vote == Vote::no || said.voted.vote == Vote::silent;
    // Nobody waits for other votes any more; and who would say so may be busy with one.
    if (said.kind == Action::Kind::prepare && refuses) interrupt(lock);
    answers_.push_back(std::move(said));
}

void Desk::work(std::uint32_t part) {
    Line& line = lines_[part];
    Lock lock(mutex_);
    while (!line.waiting.empty() && !ending_) {
        const Question question = std::move(line.waiting.front());
        line.waiting.pop_front();
        lock.unlock();
        Answer said = answer(question);
        lock.lock();
        keep(std::move(said), lock);
        answered_.notify_one();
        if (bell_) bell_->raise();
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
