// Where a coordinator's questions to its participants are worked on: one line for each participant, first come first
// served, and all lines side by side. One that waits for its disk or its host holds up nobody else.
//
// Who asks a server has nothing to do until it answers: where a participant can say at once what it has to say
// (begin_prepare), whoever waits for answers waits for all such servers together. All else is worked on by other
// threads.
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
#include "libcore/proc/bounded.h"
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

    /// hands  work on what cannot be begun; null: who waits works on all questions, in order (simulations).
    Desk(Participants& participants, Clock& clock, Hands* hands);
    /// Drops what nobody works on yet and what servers have not answered, and waits for hands.
    ~Desk();
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    /// By the thread that waits.
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
        bool busy = false;                 // hands work on it
        std::optional<Question> begun{};   // and who waits will call its participant
        std::chrono::nanoseconds since{};  // when it was begun
        bool may_be_ready = false;         // there is something to read, or another reason to look
    };
    using Lock = std::unique_lock<std::mutex>;
    /// Has the first question of a line worked on. lock: held when it begins and when it ends, as of all below.
    void turn_to(std::uint32_t part, Lock& lock);
    [[nodiscard]] bool begin(const Question& question);
    /// What hands do with a line: answer its questions until there are none.
    void work(std::uint32_t part);
    void keep(Answer said, const Lock& lock);
    /// Answers those that were begun and are ready.
    void answer_ready(Lock& lock);
    /// For an answer of any kind.
    void wait_for_any(std::chrono::nanoseconds until, Lock& lock);
    void wait_for_servers(std::chrono::nanoseconds until, Lock& lock);
    void interrupt(const Lock& lock);
    [[nodiscard]] Answer answer(const Question& question);
    void answer_one_here();

    Participants& participants_;
    Clock& clock_;
    Hands* hands_;
    std::mutex mutex_;  // guards all below
    std::condition_variable answered_, idle_;
    std::vector<Line> lines_;
    std::deque<Answer> answers_;
    std::size_t open_ = 0;                 // questions without an answer
    std::size_t working_ = 0;              // lines that hands work on
    std::size_t begun_ = 0;                // lines whose question was begun
    std::optional<proc::Interrupt> bell_;  // rung by hands; where who waits waits for servers, too
    bool ending_ = false;
};

}  // namespace ft::twophase
