// One transaction, driven: the protocol decides, this asks the participants, writes the chronicle and keeps the time.
//
//     Coordinator c(chronicle, participants, clock, progress, {});
//     Report r = c.commit();     // r.decision, r.complete; what is not complete is delivered by the next recover()
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "libcore/base/progress.h"
#include "libcore/twophase/chronicle.h"
#include "libcore/twophase/desk.h"

namespace ft::twophase {

struct Pace {
    std::chrono::nanoseconds prepare = std::chrono::seconds(30);  ///< until all have voted, else it aborts
    std::chrono::nanoseconds deliver =
        std::chrono::seconds(10);  ///< until all have obeyed, else others go on with it; 0: each is asked once
    std::chrono::nanoseconds pause = std::chrono::milliseconds(20);  ///< before the first question that is asked again
    unsigned threads = 64;   ///< participants that are asked at once; 0: in order, on the caller's thread
    Hands* hands = nullptr;  ///< whose threads these are, and as many as those; null: the transaction's own
    /// `end` is only noted, and witnesses stay: recover() has them go once it is durable, with whatever made it so.
    bool ends_later = false;
};

/// What became of one participant.
struct PartReport {
    std::string label;
    Standing standing = Standing::idle;
    std::string why;                      ///< where it is not well
    std::chrono::nanoseconds execute{0};  ///< its prepare
    std::chrono::nanoseconds commit{0};   ///< telling it the decision, all calls together
};

struct Report {
    std::uint64_t number = 0;
    Phase phase = Phase::open;
    Decision decision = Decision::none;
    bool complete = false;  ///< nothing is left to do, but for what Pace::ends_later has left
    std::vector<PartReport> parts;
    std::string why;  ///< in doubt: what failed; aborted: who voted no, or what ended it;
                      ///< else what keeps it from being complete
    std::chrono::nanoseconds execute{0}, decide{0}, commit{0};
};

class Coordinator {
public:
    /// participants  those of chronicle.story(), in order.
    Coordinator(Chronicle& chronicle, Desk::Participants participants, Clock& clock, const Progress& progress,
                const Pace& pace);

    /// Asks all; ends prepared, or aborted.
    [[nodiscard]] Report prepare();
    /// Asks all who were not asked yet, and commits where all said yes. Of a transaction that a dead command has left:
    /// as recover().
    [[nodiscard]] Report commit();
    [[nodiscard]] Report abort();
    /// Ends what a dead command has left: commits where the journal says so, else aborts.
    [[nodiscard]] Report recover();
    /// As a person decided: commits or aborts one that is prepared; of one that is decided it takes those who were
    /// broken before, and those who still say that they know nothing, for settled.
    [[nodiscard]] Report resolve(Decision decision);

private:
    using Moment = std::chrono::nanoseconds;
    [[nodiscard]] Report drive(const Actions& first);
    void conclude();
    void perform(const Actions& actions);
    void force(const Milestone& milestone);
    void ask(const Action& action);
    void take(const Answer& answer);
    void ask_again_later(std::uint32_t part);
    /// Asks those again whose time has come.
    void ask_again();
    void keep_time();
    [[nodiscard]] std::string late_voters() const;
    void give_up_preparing(std::string why);
    [[nodiscard]] bool is_over();
    [[nodiscard]] Moment next_glance();
    [[nodiscard]] Report report();

    struct Retry {
        Moment due{-1};  // -1: none
        Moment pause;
    };

    Chronicle& chronicle_;
    std::optional<Hands> own_hands_;  // first: a participant's program ends with the thread that started it
    Desk::Participants participants_;
    Clock& clock_;
    const Progress& progress_;
    Pace pace_;
    Protocol protocol_;
    std::vector<PartReport> parts_;
    std::vector<Retry> retries_;
    std::vector<std::uint32_t> overruled_;  // were broken, and a person has seen to it
    std::string why_;
    bool finished_ = false, accepting_ = false, concluded_ = true, ends_later_ = false;
    Moment stopped_{-1};  // when it was seen that the user wants to stop
    Moment began_{0}, asked_{0}, decided_{-1}, forced_{0}, ended_{0};
    std::optional<Desk> desk_;  // last: its threads end before what they use
};

}  // namespace ft::twophase
