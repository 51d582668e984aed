// One party to a transaction, whatever it is: asked to prepare, then told the decision.
//
// Between its yes and the decision it can do both, whatever happens to it: a yes promises that commit() will succeed
// some day. Everything after prepare() can be asked again and again, by other processes too, and changes nothing more.
// To add a kind: one file, one line in the table of spec.cpp, and the conformance suite runs on it.
//
//     std::unique_ptr<Participant> p = make(spec, branch, surroundings);
//     Voted v = p->prepare();  ...  Settled s = p->commit(v.token);
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/hash.h"
#include "libcore/io/posix.h"
#include "libcore/twophase/connections.h"

namespace ft::twophase {

/// One participant's part in one transaction. No two are ever the same: the journal's number is drawn by chance.
struct Branch {
    Uuid coordinator;
    std::uint64_t journal = 0;   ///< which of the coordinator's journals holds the transaction
    std::uint32_t sequence = 0;  ///< which transaction of that journal; below 2^28
    std::uint32_t index = 0;     ///< which of its participants; below 2^12
    auto operator<=>(const Branch&) const = default;

    /// "ft-<uuid>-<journal>-<sequence>-<index>" in hexadecimal digits, the journal as name_of() shows it: at most 64
    /// bytes (the limit of XA's ids).
    [[nodiscard]] std::string id() const;
    /// std::nullopt where it is none of ours.
    [[nodiscard]] static std::optional<Branch> from_id(std::string_view id);
};

/// How its user named a participant, made independent of the folder and the shell it was named in.
struct Spec {
    std::string kind;   ///< "file"
    std::string label;  ///< for people: "file:app.conf"
    std::map<std::string, std::string> fields;
    bool operator==(const Spec&) const = default;
};

enum class Vote : std::uint8_t {
    yes,
    read_only,  ///< nothing to commit, nothing to abort: it has ended
    no,         ///< it has undone what it began, and will do nothing more
    silent,     ///< nothing is known: it may be prepared
};
struct Voted {
    Vote vote = Vote::silent;
    std::string token;  ///< yes: kept in the journal and handed to commit(); at most 4096 bytes
    std::string why;    ///< no, silent
};

enum class Ack : std::uint8_t {
    done,     ///< it is so, durably
    again,    ///< not now: ask again
    unknown,  ///< it knows no such branch, and cannot tell what became of it
    broken,   ///< it decided the other way on its own (a heuristic outcome), or cannot ever obey
};
struct Settled {
    Ack ack = Ack::again;
    std::string why;  ///< all but done
};

/// What a participant may use of its surroundings.
struct Surroundings {
    /// The directory of a path and its last name (io::locate, or a simulated disk's).
    std::function<io::Located(const std::string& path)> locate;
    Clock& clock;
    /// The coordinator's own folder for locks of what runs for a branch.
    io::Dir& locks;
    std::chrono::nanoseconds prepare_limit = std::chrono::seconds(30);  ///< how long prepare() may take
    std::chrono::nanoseconds settle_limit = std::chrono::seconds(30);   ///< and each commit() and abort()
    Connections* kept = nullptr;  ///< where connections go when they are not needed any more; null: they are closed
    int stop = -1;                ///< a descriptor that is readable once the user wants to stop; -1: none
};

/// One thread at a time. A Failure thrown by prepare() counts as Vote::silent, one thrown by any other as Ack::again.
class Participant {
public:
    virtual ~Participant() = default;
    /// Does the work, all but making it visible, and makes it durable. Once for each branch.
    [[nodiscard]] virtual Voted prepare() = 0;
    /// Once the transaction is committed.
    [[nodiscard]] virtual Settled commit(const std::string& token) = 0;
    /// Once it is aborted, after any vote but no and read_only; also where prepare() was never called, or cut. An
    /// unknown branch is done.
    [[nodiscard]] virtual Settled abort() = 0;
    /// Whether forget() has something to do.
    [[nodiscard]] virtual bool keeps_witness() const { return false; }
    /// After the transaction has ended everywhere, durably: it may forget that it ever was. Also after a person has
    /// told ft2pc to forget a branch that was broken: takes away what was kept for that person to look at.
    [[nodiscard]] virtual Settled forget() { return {.ack = Ack::done, .why = ""}; }
    /// Before any other call on a branch whose coordinator has died: ends what that one had left running for it, so
    /// that nothing acts on this branch any more but this object. again: it does not end.
    [[nodiscard]] virtual Settled fence() { return {.ack = Ack::done, .why = ""}; }
    /// Says already what prepare() is going to say, and returns where that one would have to wait for an answer, which
    /// may be asked before others have theirs. The call itself has to follow, once is_ready(). false: nothing was said.
    [[nodiscard]] virtual bool begin_prepare() { return false; }
    /// As begin_prepare, of commit(token).
    [[nodiscard]] virtual bool begin_commit(const std::string& /*token*/) { return false; }
    /// Whether the call that was begun need not wait any more: for its answer, its limit, or an interrupt.
    [[nodiscard]] virtual bool is_ready() { return true; }
    /// After is_ready() was false: a descriptor that is readable before it is true again, but for limits and
    /// interrupts.
    [[nodiscard]] virtual int answer_descriptor() const { return -1; }
    /// From another thread: the call that waits now ends soon (with no, silent or again), and a prepare() that has not
    /// begun yet does not wait either. Later calls of the others are not concerned.
    virtual void interrupt() {}
};

/// What is prepared at a place.
struct Listed {
    std::vector<Branch> branches = {};  ///< with ids that begin as it was asked for; these may be prepared
    std::uint64_t foreign = 0;          ///< of others than their coordinator

    /// One more. prefix  with which the ids begin that it was asked for, the coordinator's part first.
    void add(std::string_view id, std::string_view prefix);
};

/// How a kind of participant is named and made.
struct Kind {
    std::string_view name;   ///< "file"
    std::string_view usage;  ///< "file:DEST=NEW"
    /// From the text behind "kind:", and the folder in which it was said. fails  Exit::usage.
    Spec (*parse)(const std::string& text, const std::string& folder);
    /// fails  damage() where the spec (read from a journal) makes no sense.
    std::unique_ptr<Participant> (*make)(const Spec& spec, const Branch& branch, const Surroundings& surroundings);
    bool takes_sql = false;  ///< its field "sql" is the text of a file that is named beside it
    /// The field that says where its branches are prepared; "": they cannot be listed.
    std::string_view place = "";
    /// Whether the only one of a transaction that has something to commit may be told so before that is durable, where
    /// its branches are listed: what was told is done or still listed, and it keeps no witness that would stay.
    bool may_commit_alone = false;
    /// Ends what participants of dead coordinators have left running there under ids that begin like this, then tells
    /// what is prepared there. place  has that field. fails  where it cannot be told.
    Listed (*list)(const Spec& place, const std::string& prefix, const Surroundings& surroundings) = nullptr;
    /// Aborts branches of one ledger that list() has just told of, with nobody else at work on that ledger; so what
    /// each of them would have to wait for, to look at and to write alone is done once for all. at_once  sessions.
    /// An answer for each, as of abort(). null: they are aborted one by one.
    std::vector<Settled> (*abort_all)(const Spec& place, const std::vector<Branch>& branches, unsigned at_once,
                                      const Surroundings& surroundings) = nullptr;
};

}  // namespace ft::twophase
