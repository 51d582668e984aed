// Where a coordinator's questions to its participants are worked on: one line for each participant, first come first
// served, and all lines side by side. One that waits for its disk or its host holds up nobody else.
//
//     Desk desk(participants, clock, &hands);   desk.ask({.kind = Action::Kind::prepare, .part = 2});
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
#include "libcore/base/hands.h"
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

    /// hands  work on the questions, but for one whose participant keeps_time(), on which who waits works meanwhile;
    /// null:
    ///        who waits works on all of them, in order (simulations).
    Desk(Participants& participants, Clock& clock, Hands* hands);
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
    /// Answers the questions of one line until there are none.
    void work(std::uint32_t part);
    [[nodiscard]] Answer answer(const Question& question);
    void answer_one_here();
    /// lock: held when it begins and when it ends.
    void interrupt(const std::unique_lock<std::mutex>& lock);

    Participants& participants_;
    Clock& clock_;
    Hands* hands_;
    std::mutex mutex_;  // guards all below
    std::condition_variable answered_, idle_;
    std::vector<Line> lines_;
    std::deque<Answer> answers_;
    std::size_t open_ = 0;               // questions without an answer
    std::size_t working_ = 0;            // lines that hands work on
    std::optional<std::uint32_t> mine_;  // the line on which who waits is going to work
    bool ending_ = false;
};

}  // namespace ft::twophase
