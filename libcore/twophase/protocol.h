// Two-phase commit with presumed abort, as a pure state machine: what happened comes in, what to do comes out. No I/O,
// no clock, no threads; so a simulator drives the same code through millions of schedules.
//
// The promises (Bernstein, Hadzilacos, Goodman 1987, AC1-AC5): all that decide decide the same; no decision is
// reversed; commit only if all voted yes; all yes and no failure gives commit; once failures are repaired, all decide.
// Presumed abort (Mohan, Lindsay 1983): a transaction whose journal holds no decision is aborted, so an abort needs no
// forced write; except once a durable `prepared` has allowed others to commit it.
//
//     Protocol p(3);  for (Action a : p.start(Goal::commit)) perform(a);   ...   p.on_vote(1, {.vote = Vote::yes});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/twophase/participant.h"

namespace ft::twophase {

enum class Decision : std::uint8_t { none, commit, abort };
enum class Goal : std::uint8_t { prepare, commit };

/// The tokens of those that voted yes; std::nullopt: read-only, it has ended.
using Tokens = std::vector<std::optional<std::string>>;

/// What a journal has to keep of a transaction's course.
struct Milestone {
    enum class Kind : std::uint8_t {
        asked,     ///< participants are asked from here on: nothing can be added, and nobody else may ask them
        prepared,  ///< all voted yes; whoever holds the journal may decide
        commit,    ///< the decision, with what is needed to carry it out
        abort,
        broken,  ///< `part` did not obey the decision: for a person to look at
        end,     ///< all have obeyed; witnesses may go
    };
    Kind kind = Kind::asked;
    Tokens tokens = {};      ///< prepared, commit
    std::uint32_t part = 0;  ///< broken
    std::string why = {};    ///< broken
    bool operator==(const Milestone&) const = default;
};

struct Action {
    enum class Kind : std::uint8_t {
        prepare,
        fence,
        commit,
        abort,
        forget,  ///< these five: of `part`
        force,   ///< make `milestone` durable, then say on_forced()
        finish,  ///< nothing is left to do, now or for ever
    };
    Kind kind = Kind::finish;
    std::uint32_t part = 0;
    Milestone milestone = {};
};
using Actions = std::vector<Action>;

/// Where a participant stands, as far as the coordinator knows.
enum class Standing : std::uint8_t {
    idle,   ///< not asked
    asked,  ///< to prepare
    yes,
    read_only,  ///< has ended
    no,         ///< has ended
    silent,     ///< it may be prepared
    unfenced,   ///< found by recovery: a dead coordinator's doings may still go on
    told,       ///< the decision
    unknown,    ///< it was told to commit and knows of no such branch
    done,       ///< obeyed
    broken,     ///< disobeyed
};

[[nodiscard]] std::string_view name_of(Standing standing);

struct Part {
    Standing standing = Standing::idle;
    std::string token = {}, why = {};
};

enum class Phase : std::uint8_t {
    open,
    preparing,
    prepared,  ///< all said yes; waits for decide()
    deciding,  ///< a decision is being made durable
    committing,
    aborting,
    forgetting,  ///< all have obeyed; witnesses are removed
    ended,
    in_doubt,  ///< a decision may be durable, or not: only the journal, read anew, can tell
};

/// What a journal says of a transaction: what a recovery begins with.
struct History {
    std::uint32_t parts = 0;
    bool asked = false, ended = false;
    std::optional<Tokens> prepared = {};
    Decision decision = Decision::none;
    Tokens tokens = {};  ///< of a commit
    std::vector<std::pair<std::uint32_t, std::string>> broken = {};

    void add(const Milestone& milestone);
};

/// One transaction.
class Protocol {
public:
    /// witnesses  which participants keep one (Participant::keeps_witness).
    explicit Protocol(std::vector<bool> witnesses);
    /// As a journal tells it; nobody else works on it. Its calls are to be fenced first, and are.
    Protocol(const History& history, std::vector<bool> witnesses);

    /// open: asks all. prepared and Goal::commit: as decide(commit).
    [[nodiscard]] Actions start(Goal goal);
    /// Says what is to become of a transaction that is open, preparing or prepared; later it is too late, and nothing
    /// happens. commit: of a prepared one only.
    [[nodiscard]] Actions decide(Decision decision);
    /// What a recovery does at first: tells the decision that the journal holds, else that of presumed abort.
    [[nodiscard]] Actions recover();

    [[nodiscard]] Actions on_vote(std::uint32_t part, const Voted& voted);
    [[nodiscard]] Actions on_fenced(std::uint32_t part);
    /// The answer to a commit or an abort (`told`). Ack::again: ask again when it pleases, with again().
    [[nodiscard]] Actions on_ack(std::uint32_t part, Decision told, const Settled& settled);
    [[nodiscard]] Actions on_forgotten(std::uint32_t part);
    [[nodiscard]] Actions on_forced(Milestone::Kind kind);
    /// It could not be made durable, and may yet be.
    [[nodiscard]] Actions on_force_failed(Milestone::Kind kind);
    /// The question to a participant that has not answered well yet; none where there is none.
    [[nodiscard]] Actions again(std::uint32_t part) const;
    /// A person's word that a participant which is broken, or knows nothing, needs no more telling.
    [[nodiscard]] Actions accept(std::uint32_t part);

    [[nodiscard]] Phase phase() const { return phase_; }
    /// What is durable, or (abort) presumed.
    [[nodiscard]] Decision decision() const { return decision_; }
    [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }

private:
    [[nodiscard]] Actions ask();
    [[nodiscard]] Actions force(Milestone milestone);
    [[nodiscard]] Actions force_commit();
    [[nodiscard]] Actions abort_now();
    /// Tells all that have to be told.
    [[nodiscard]] Actions tell();
    [[nodiscard]] Action question(std::uint32_t part) const;
    [[nodiscard]] Actions end_if_all_obeyed();
    [[nodiscard]] Actions forget_or_finish();
    [[nodiscard]] Tokens tokens() const;
    [[nodiscard]] bool all(bool (*holds)(Standing)) const;

    std::vector<Part> parts_;
    std::vector<bool> witnesses_;
    Goal goal_ = Goal::commit;
    Phase phase_ = Phase::open;
    Decision decision_ = Decision::none;
    bool recorded_ = false;  // the journal may hold `prepared`: an abort has to be recorded, too
    bool given_up_ = false;  // abort is wanted, as soon as the journal says `asked`
};

}  // namespace ft::twophase
