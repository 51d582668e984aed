// Where a coordinator's questions to its participants are worked on: one line for each participant, first come first
// served, and all lines side by side. One that waits for its disk or its host holds up nobody else.
//
//     Desk desk(participants, threads);   desk.ask({.kind = Action::Kind::prepare, .part = 2});
//     while (auto answer = desk.wait(patience)) ...
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/parallel.h"
#include "libcore/twophase/protocol.h"

namespace ft::twophase {

struct Question {
    Action::Kind kind = Action::Kind::prepare;  ///< prepare, fence, commit, abort or forget
    std::uint32_t part = 0;
    std::string token = {};  ///< commit
};

struct Answer {
    Action::Kind kind = Action::Kind::prepare;
    std::uint32_t part = 0;
    Voted voted = {};      ///< of prepare
    Settled settled = {};  ///< of the others
    std::chrono::nanoseconds took{0};
};

class Desk {
public:
    using Participants = std::vector<std::unique_ptr<Participant>>;

    /// threads  at most so many questions are worked on at once; 0: on the caller's thread, when it waits
    /// (simulations).
    Desk(Participants& participants, Clock& clock, unsigned threads);
    /// Drops what has not begun, and waits for what has.
    ~Desk();
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    void ask(Question question);
    /// The next answer; std::nullopt once so much time has passed.
    [[nodiscard]] std::optional<Answer> wait(std::chrono::nanoseconds at_most);
    /// Whether any question has no answer yet.
    [[nodiscard]] bool is_waiting();
    /// Lets the questions that are being worked on end soon.
    void interrupt();

private:
    struct Line {
        std::deque<Question> waiting;
        bool busy = false;
    };
    void work();
    [[nodiscard]] std::optional<Question> take();
    [[nodiscard]] Answer answer(const Question& question);
    void put(Answer answer);

    Participants& participants_;
    Clock& clock_;
    std::mutex mutex_;  // guards all below
    std::condition_variable changed_;
    std::vector<Line> lines_;
    std::deque<Answer> answers_;
    std::size_t open_ = 0;  // questions without an answer
    bool ending_ = false;
    unsigned threads_;
    parallel_detail::Crew crew_;
};

}  // namespace ft::twophase
