// One log for the many transactions of one process (`ft2pc serve`): what several of them decide at once is flushed
// together, and a transaction whose participants can all list their branches costs one forced record, its commit.
//
// Such a transaction leaves nothing on the coordinator's disk before it is decided. What it has prepared is found by
// asking the places where it may have been (place_of): they are in the ledger, durably, before the first participant
// there is asked. A branch that is prepared at one of them, and has no commit in the ledger of a process that is dead,
// is aborted: presumed abort (Mohan, Lindsay 1983).
//
// Where one participant only has something to commit, and may commit alone (Kind::may_commit_alone), even that record
// is left out: it is all that can be prepared, so whether it has committed or recovery aborts it, nobody differs. Until
// it has answered, nothing is said of the transaction; where it does not, the commit is forced after all
// (give_journal).
//
// Its transactions are numbered: 40 bits drawn by chance are the ledger's, 24 count from 1. Formats in FORMAT.md,
// section 2.
//
//     auto ledger = Ledger::create(home.ledgers(), clock, coordinator);      ledger->know(place);
//     std::unique_ptr<Entry> e = ledger->begin(parts, now, true);            Coordinator(*e, ...).commit();
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libcore/twophase/chronicle.h"
#include "libcore/wal/group.h"

namespace ft::twophase {

inline constexpr unsigned sequence_bits = 24;
/// The ledger that a transaction of this number is in, if it is in one.
[[nodiscard]] constexpr std::uint64_t ledger_of(std::uint64_t number) {
    return number >> sequence_bits << sequence_bits;
}
/// What the ids of all branches of a ledger's transactions begin with, and of no others that are not in journals.
[[nodiscard]] std::string branch_prefix(const Uuid& coordinator, std::uint64_t ledger);

/// What a ledger tells.
struct LedgerStory {
    std::uint64_t number = 0;
    Time begun;
    std::vector<Spec> places = {};             ///< where its transactions may have prepared
    std::map<std::uint64_t, Story> open = {};  ///< those that have a record and have not ended, by number
};
/// Takes the next record, the first being `begun`. fails  damage(); the story may then have taken a part of it.
void add_record(LedgerStory& story, const wal::Record& record, bool first, std::string_view where);
/// Takes the records of a ledger. fails  damage().
[[nodiscard]] LedgerStory ledger_story_of(const std::vector<wal::Record>& records, std::uint64_t number,
                                          std::string_view where);
/// As it stands, without holding it; std::nullopt where there is none (any more). fails  damage().
[[nodiscard]] std::optional<LedgerStory> read_ledger(io::Dir& dir, const Uuid& coordinator, std::uint64_t number);
class Ledger;

/// One transaction in it. One thread at a time.
class Entry final : public Chronicle {
public:
    /// For Ledger::begin() and resume().
    Entry(Ledger& ledger, Story story, bool is_listed, bool is_recorded)
        : ledger_(ledger), story_(std::move(story)), is_listed_(is_listed), is_recorded_(is_recorded) {}
    [[nodiscard]] const Story& story() const override { return story_; }
    void force(const Milestone& milestone) override;
    void note(const Milestone& milestone) override;
    void remove(bool durably) override;
    /// Whether the ledger holds what it has to.
    [[nodiscard]] bool is_recorded() const { return is_recorded_; }
    /// Whether what was noted is durable by now.
    [[nodiscard]] bool is_durable() const;

private:
    friend class Ledger;
    [[nodiscard]] std::vector<wal::Record> records_with(const Milestone& milestone) const;
    [[nodiscard]] bool needs_no_record(const Milestone& milestone) const;
    Ledger& ledger_;
    Story story_;
    bool is_listed_;           // all its participants can list their branches
    bool is_recorded_;         // the ledger has something of it
    std::uint64_t noted_ = 0;  // the flush of its last note
};

/// Thread-safe.
class Ledger {
public:
    /// For create() and open(): a log that is held, and what it says.
    Ledger(io::Dir& dir, std::unique_ptr<wal::Log> log, LedgerStory story);
    /// A new one, durable when it returns, and held (flock).
    [[nodiscard]] static std::unique_ptr<Ledger> create(io::Dir& dir, Clock& clock, const Uuid& coordinator);
    struct Opened {
        bool is_busy = false;  ///< a process works with it
        std::string holder = {};
        std::unique_ptr<Ledger> ledger = {};  ///< null otherwise too: there is none (any more)
    };
    /// One that a dead process has left, held. fails  damage().
    [[nodiscard]] static Opened open(io::Dir& dir, const Uuid& coordinator, std::uint64_t number);
    /// Whether there is one which no process works with.
    [[nodiscard]] static bool is_dead(io::Dir& dir, std::uint64_t number);

    [[nodiscard]] std::uint64_t number() const { return story_.number; }
    /// What was there when it was opened.
    [[nodiscard]] const LedgerStory& story() const { return story_; }
    /// Transactions may prepare there from now on: durable when it returns.
    void know(const Spec& place);
    /// A transaction more. is_listed: all its participants can list their branches, and their places are known.
    [[nodiscard]] std::unique_ptr<Entry> begin(const std::vector<Spec>& parts, Time now, bool is_listed);
    /// One that was found open.
    [[nodiscard]] std::unique_ptr<Entry> resume(const Story& story);
    /// Takes one out of here, into a journal of its own, durably: for recovery, and for people's commands. Cut between
    /// the two it is in both, and the ledger's recovery only has to take it out. What is in the ledger is not acted on
    /// by anybody but its holder, so the journal is at least as new.
    void give_journal(Entry& entry, io::Dir& journals, Clock& clock, const Uuid& coordinator);
    /// Whether it is time to begin another.
    [[nodiscard]] bool is_long();
    /// Whether all that was begun has been removed.
    [[nodiscard]] bool is_settled();
    /// What was noted survives this process.
    void write() { group_.write(); }
    /// What was noted survives a loss of power.
    void sync() { group_.commit({}); }
    /// Removes it, with all that is in it.
    void remove();
    /// Writes that were forced since it was created or opened.
    [[nodiscard]] std::uint64_t forced() const { return group_.forced(); }

private:
    friend class Entry;
    void commit(std::uint64_t number, const std::vector<wal::Record>& records);
    [[nodiscard]] std::uint64_t append(std::uint64_t number, const wal::Record& record);
    void end(std::uint64_t number, bool recorded, bool durably);

    io::Dir& dir_;
    std::unique_ptr<wal::Log> log_;
    wal::GroupLog group_;
    LedgerStory story_;
    std::mutex mutex_;  // guards all below, and keeps others waiting until a place is durable
    std::set<std::string> known_;
    std::uint64_t begun_ = 0, ended_ = 0;
};

}  // namespace ft::twophase
