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

Desk::Desk(Participants& participants, Clock& clock, unsigned threads)
    : participants_(participants), clock_(clock), lines_(participants.size()) {
    threads_ = std::min<unsigned>(threads, static_cast<unsigned>(participants.size()));
    for (unsigned i = 0; i < threads_; ++i) crew_.start([this] { work(); });
}

Desk::~Desk() {
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
        changed_.notify_all();
    }
    crew_.join();
}

void Desk::ask(Question question) {
    std::lock_guard lock(mutex_);
    ++open_;
    lines_[question.part].waiting.push_back(std::move(question));
    changed_.notify_all();
}

bool Desk::is_waiting() {
    std::lock_guard lock(mutex_);
    return open_ > 0;
}

std::optional<Answer> Desk::wait(std::chrono::nanoseconds at_most) {
    if (threads_ == 0)
        if (std::optional<Question> question = take()) put(answer(*question));
    if (!is_waiting()) {
        clock_.sleep(at_most);
        return std::nullopt;
    }
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, at_most, [&] { return !answers_.empty(); })) return std::nullopt;
    Answer first = std::move(answers_.front());
    answers_.pop_front();
    --open_;
    return first;
}

void Desk::interrupt() {
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < lines_.size(); ++i)
        if (lines_[i].busy) participants_[i]->interrupt();
}

void Desk::work() {
    for (;;) {
        std::optional<Question> question;
        {
            std::unique_lock lock(mutex_);
            const auto is_ready = [](const Line& line) { return !line.busy && !line.waiting.empty(); };
            changed_.wait(lock, [&] { return ending_ || std::any_of(lines_.begin(), lines_.end(), is_ready); });
            if (ending_) return;
        }
        question = take();
        if (question) put(answer(*question));
    }
}

std::optional<Question> Desk::take() {
    std::lock_guard lock(mutex_);
    for (Line& line : lines_) {
        if (line.busy || line.waiting.empty()) continue;
        Question question = std::move(line.waiting.front());
        line.waiting.pop_front();
        line.busy = true;
        return question;
    }
    return std::nullopt;
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

void Desk::put(Answer answer) {
    std::lock_guard lock(mutex_);
    lines_[answer.part].busy = false;
    answers_.push_back(std::move(answer));
    changed_.notify_all();
}

}  // namespace ft::twophase
