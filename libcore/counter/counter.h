// A counter, as one process works on it: it takes the locks, finds the newest state on a majority, makes commits
// durable on a majority, and says exactly what it knows.
//
// The register is the whole State (Rystsov, "CASPaxos", 2018). A ballot is taken on a majority before the first write,
// unless all members are files under our locks that have promised to lock holders alone: then nobody else can write.
// What is answered was made, or confirmed, by a majority under our ballot; a state that was only seen on a majority is
// not enough, unless it is_settled().
//
//     Counter counter(wiring, clock, "jobs", charter, {});
//     std::vector<Outcome> outcomes = counter.run({{.kind = Operation::Kind::add, .amount = 5}});
//     counter.release();
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/counter/guests.h"
#include "libcore/counter/ledger.h"
#include "libcore/counter/seats.h"

namespace ft::counter {

/// A replica that did not take part, and why not.
struct Absent {
    Member member;
    std::string why;
};

/// What became of a member's replica in a repair.
struct Repaired {
    Member member;
    bool was_sound = false, is_sound = false;
    std::string why;  ///< what was wrong with it; where it is not sound now, what still is
};

class Counter {
public:
    /// name     for messages.
    /// charter  the newest that is known; a newer one is found and followed.
    Counter(Wiring& wiring, Clock& clock, std::string name, Charter charter, const Patience& patience);

    /// Does the operations in order, in one commit, and returns when it is durable on a majority. What others do comes
    /// before or after all of them.
    ///
    /// operations  at most most_operations.
    /// fails       Exit::in_doubt where they may have been done or may yet be; otherwise nothing was done, as there is
    /// no
    ///             majority: Exit::damage, Exit::busy or Exit::failed.
    [[nodiscard]] std::vector<Outcome> run(std::span<const Operation> operations);
    /// The same; guests who wait come after them, in the same commit. There need be no operation of one's own.
    [[nodiscard]] std::vector<Outcome> run(std::span<const Operation> operations, Guests& guests);
    /// After a run, and before release(): does what guests have left since, in one commit more. false: it cannot; who
    /// has the lock next finds out what became of it.
    [[nodiscard]] bool serve(Guests& guests);
    /// Lets other processes in. Until then they wait.
    void release();

    /// The file whose lock comes first of all: who has it has the turn.
    struct Gate {
        Uuid replica;
        io::Stat file;
        bool operator==(const Gate& other) const {
            return replica == other.replica && file.ino == other.file.ino && file.dev == other.file.dev;
        }
    };
    /// std::nullopt where no member is a file of this machine.
    [[nodiscard]] std::optional<Gate> gate();
    /// Who has the lock that comes first of all, for people: "pid 17 (ftcounter)".
    [[nodiscard]] std::string holder();
    /// Takes the gate's lock where nobody has it. true also where there is no gate. Never waits.
    [[nodiscard]] bool try_turn();

    /// Makes `member`, whose file does not exist yet, a member. fails: also where the threshold is reached.
    ///
    /// locator  what each of the others is called from now on; unset: as before.
    void replicate(const Member& member, const std::function<std::string(const Member&)>& locator = {});
    /// A member no more. Its file is removed where it can be.
    ///
    /// force    where no majority is left: goes by what the others hold, which may be less than what was acknowledged.
    /// returns  whether the replica itself is gone.
    bool demote(const Uuid& replica, bool force);
    /// Makes each member that is damaged, missing or behind anew from what a majority has confirmed.
    [[nodiscard]] std::vector<Repaired> repair();
    /// Asks all members how they stand, after reading all that they hold; there need be no majority.
    void inspect();
    /// Removes all replicas, with no majority needed. returns  those that are left.
    [[nodiscard]] std::vector<Member> remove_all();

    /// As of the last call.
    [[nodiscard]] const Ledger& ledger() const { return *ledger_; }
    [[nodiscard]] const Charter& charter() const { return charter_; }
    [[nodiscard]] const Identity& identity() const { return header_->identity; }
    /// The last that a member said.
    [[nodiscard]] const Heard& heard(const Uuid& member) const { return *seats_.find(member); }
    /// Whether a majority is sound, as of the last call.
    [[nodiscard]] bool has_majority() const;
    /// What it cannot be used for, where it cannot: Exit::busy, Exit::damage where some replica is damaged, else
    /// Exit::failed.
    [[nodiscard]] Failure no_majority() const;
    [[nodiscard]] std::vector<Absent> absent() const;
    /// Whether it survives the loss of power: a majority is on disks.
    [[nodiscard]] bool is_durable() const;

private:
    enum class Hold : std::uint8_t {
        nothing,    // not established
        reading,    // the state is settled; no ballot was taken
        leading,    // a majority has promised our ballot
        exclusive,  // as leading, and nobody else can take a higher one before release()
    };
    struct Attempt {  // a commit whose fate is not known
        std::uint64_t mark = 0, sequence = 0;
        std::vector<Outcome> outcomes;
    };
    /// One call of run().
    struct Task {
        std::span<const Operation> operations;
        Guests& guests;
        bool writes = false, repeatable = false;
        std::vector<Attempt> attempts = {};
        bool alone = false;  // a guest's operation cannot be done here: they are left out
    };

    /// One try. std::nullopt: it is not known whether it is made, or nothing was tried.
    [[nodiscard]] std::optional<std::vector<Outcome>> attempt(Task& task);
    /// The attempt that is in the state by now. fails  Exit::in_doubt where that cannot be told any more.
    [[nodiscard]] const Attempt* made(const Task& task) const;
    [[nodiscard]] std::vector<Operation> take_guests(const Task& task);
    [[nodiscard]] Guests::Standing standing() const;
    [[nodiscard]] bool holds_gate(const Guests& guests) const;
    /// Whether nothing of one's own can have been done.
    [[nodiscard]] static bool untouched(const Task& task);
    [[nodiscard]] Failure failure_of(Task& task, Failure why) const;
    /// Tries until it leads, or may read; why not, where it cannot.
    [[nodiscard]] std::optional<Failure> establish(bool to_write);
    /// Where the members that we know are gone: goes by those of the name, if it tells of others since. false: no.
    [[nodiscard]] bool follow_name();
    /// Asks all, and others whom they name.
    [[nodiscard]] Verdict look(Request::Kind how);
    [[nodiscard]] bool take_ballot(const Verdict& verdict);
    void adopt(const Standing& newest);
    [[nodiscard]] bool load_window();
    [[nodiscard]] bool catch_up();
    /// Makes what the ledger has collected durable on a majority. false: it is not known to be.
    [[nodiscard]] bool commit(std::uint64_t mark);
    [[nodiscard]] bool commit_charter(Charter charter);
    /// Ends a change of members that was begun, by whomever.
    [[nodiscard]] bool finish_change();
    void lead();
    void install_new(const Member& member);
    void check_remaining(const Charter& next, bool force) const;
    [[nodiscard]] bool keeps_majority(const Charter& next) const;
    /// Makes `next` the charter on whoever of it is there.
    void seize(Charter next);
    [[nodiscard]] bool retire(const Member& member);
    [[nodiscard]] bool is_current(const Uuid& member) const;
    [[nodiscard]] bool is_confirmed() const;
    /// Whether every member holds the state that the ledger began at, and nobody can write but us.
    [[nodiscard]] bool is_final() const;
    [[nodiscard]] bool has_seats(const Charter& charter) const;
    /// Whether what these need is there. false: it could not be had.
    [[nodiscard]] bool can_apply(std::span<const Operation> operations);
    [[nodiscard]] Failure in_doubt(std::string_view why) const;
    [[nodiscard]] Failure change_in_doubt(std::string_view why) const;

    Wiring& wiring_;
    Clock& clock_;
    std::string name_;
    Charter charter_;
    Patience patience_;
    Seats seats_;
    std::optional<Member> guest_;  // has a seat, though it is no member yet, or no longer
    std::optional<Ledger> ledger_;
    std::optional<Header> header_;  // of some member: the counter's identity
    Ballot ballot_;
    Hold hold_ = Hold::nothing;
    bool fresh_ = false;  // established by this call, not by one before
};

/// A new counter: all its replicas, none of which exists yet, or none. fails: where one cannot be made.
///
/// about_to_make  is called once nothing is in the way, before the first is made.
void create(Wiring& wiring, Clock& clock, const Identity& identity, const State& first, const Patience& patience,
            const std::function<void()>& about_to_make = {});

}  // namespace ft::counter
