// One transaction among hostile circumstances: participants that crash and disobey, calls and answers that are lost,
// late or doubled, coordinators that are killed at any moment and whose successors find what the journal holds.
//
// The coordinator is the real twophase::Protocol; the calls it makes, its journal and its participants are models. A
// seed fixes the whole run. Mistakes can be planted in the driver or in the models: each has to be found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/sim/chance.h"
#include "libcore/twophase/protocol.h"

namespace ft::sim {

enum class Mistake : std::uint8_t {
    none,
    commit_not_forced,       ///< commits are told while the record is still on its way to the disk
    told_before_forced,      ///< the user hears of the commit while the record is still on its way
    asked_not_forced,        ///< participants are asked before the journal says so
    prepared_not_forced,     ///< prepared is answered while its record is on its way
    abort_not_forced,        ///< a prepared transaction is aborted with no record of it
    failed_force_is_abort,   ///< a commit record that failed to be written is taken for one that is not there
    failed_force_is_commit,  ///< ... or for one that is there
    presumed_commit,         ///< a recovery that finds no decision commits
    unknown_is_done,         ///< a participant that knows nothing of the branch is taken to have committed it
    again_is_done,           ///< a call without an answer is taken for obeyed
    broken_is_done,          ///< a participant that disobeyed is taken to have obeyed
    silence_is_yes,          ///< a participant that does not answer is taken to have voted yes
    last_vote_wins,          ///< a no is overlooked when others vote yes
    ended_too_early,         ///< the journal goes once the first participant has obeyed
    ended_unrecorded,        ///< witnesses go before the end is durable
    no_lock,                 ///< two coordinators work on one journal
    no_fence,                ///< a recovery does not end what the dead coordinator had asked for
    tokens_lost,             ///< the commit record does not hold the tokens
    sweep_takes_live_ones,   ///< prepared branches are aborted though their journal is there
    aborted_after_decision,  ///< a timeout aborts though the decision has been made
    answer_of_another_part,  ///< an answer is booked to the wrong participant
    vote_not_durable,        ///< a participant votes yes and keeps it in memory
    commit_twice,            ///< a participant that hears commit twice does it twice
    forgets_early,           ///< a participant with a witness forgets at commit
};

class TransactionWorld {
public:
    TransactionWorld(std::uint64_t seed, Mistake mistake);

    /// Plays the adversary for a while, then lets everything go well until nothing moves, and looks.
    ///
    /// returns  what is wrong; empty: all promises hold.
    [[nodiscard]] std::vector<std::string> run();
    /// What happened, a line for each event.
    [[nodiscard]] const std::string& story() const { return story_; }

private:
    using Action = twophase::Action;
    using Milestone = twophase::Milestone;
    using Decision = twophase::Decision;

    struct Party {
        enum class State : std::uint8_t { none, prepared, committed, aborted };
        enum class Kind : std::uint8_t { witness, done_when_gone, unknown_when_gone };
        Kind kind = Kind::witness;
        twophase::Vote vote = twophase::Vote::yes;  // that it will give
        State state = State::none;                  // durable
        bool lists = false;                         // tells which branches it has prepared
        bool heuristic = false;                     // it has aborted on its own
        unsigned effects = 0;                       // commits that took effect
        std::string token;
        bool amnesiac = false;              // it has lost what it had promised to keep
        std::size_t fence = 0;              // calls of lives before this one are dead
        std::optional<std::size_t> closed;  // the life that takes no more prepares: it has aborted
    };
    struct Call {
        std::size_t life = 0;
        Action::Kind kind = Action::Kind::prepare;
        std::uint32_t part = 0;
        Decision decision = Decision::none;
        std::string token;
        bool delivered = false, ghost = false;
        twophase::Voted voted;
        twophase::Settled settled;
    };
    struct Life {  // a process that works on the transaction
        std::optional<twophase::Protocol> protocol;
        std::vector<std::vector<Action>> lines;  // for each participant, calls that wait for the one before
        std::vector<bool> busy;
        std::vector<Milestone> forces;  // on their way to the disk
        bool alive = true, finished = false;
        twophase::Goal goal = twophase::Goal::commit;
    };
    enum class Verb : std::uint8_t { commit, prepare, abort, recover_early, recover };

    void make_parties();
    void begin_life(Verb verb);
    [[nodiscard]] twophase::History history() const;
    [[nodiscard]] std::vector<bool> witnesses() const;
    void perform(std::size_t life, const twophase::Actions& actions);
    void perform_force(std::size_t life, const Milestone& milestone);
    void finish(std::size_t life);
    void tell(const twophase::Protocol& protocol);
    void send_next(std::size_t life, std::uint32_t part);
    void end_life(std::size_t life, bool power);

    void step();
    void calm_step();
    void settle();
    void force_ends(std::size_t life, std::size_t which, bool well);
    void deliver(Call& call);
    void act(Party& party, Call& call);
    void prepare(Party& party, Call& call);
    void commit(Party& party, Call& call);
    void abort(Party& party, Call& call);
    void answer(std::size_t call, bool lost);
    void sweep();
    void crash_party(std::uint32_t part);
    [[nodiscard]] std::optional<std::size_t> living();
    [[nodiscard]] bool wrong(Mistake mistake) const { return mistake_ == mistake; }

    void judge();
    void record(std::size_t life, std::string_view what, std::optional<std::uint32_t> part = std::nullopt);
    void blame(const std::string& what) { blamed_.push_back(what); }

    Chance chance_;
    Mistake mistake_;
    std::vector<Party> parties_;
    std::vector<Call> calls_;
    std::vector<Life> lives_;
    std::vector<Milestone> journal_;  // durable
    bool journal_there_ = true;
    bool told_commit_ = false, told_abort_ = false, told_prepared_ = false;
    bool told_done_ = false;  // committed, and everywhere
    bool may_abort_ = false;  // somebody wanted it so, or something failed
    bool troubled_ = false;   // anything at all went wrong
    std::vector<std::string> blamed_;
    std::string story_;
};

}  // namespace ft::sim
