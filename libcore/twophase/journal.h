// What a coordinator must not forget: the plan of a transaction, its milestones, and the decision. A wal log, held
// (flock) by the process that works on it, so that a dead owner is known at once.
//
// A transaction begun in one shell and committed in another has a journal of its own, which is removed when all has
// ended; so what is there is what is open, or what a crash has left. Record formats in FORMAT.md, section 1.
//
//     Journal j = Journal::create(dir, clock, coordinator, {.begun = clock.now()}, parts);   j.force(milestone);
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/twophase/protocol.h"
#include "libcore/wal/log.h"

namespace ft::twophase {

inline constexpr std::size_t most_parts = 1U << 12;  ///< of a transaction

/// A person's decision on what could not be settled.
struct Resolution {
    Time when;
    Decision decision = Decision::none;
    std::string reason;
    bool operator==(const Resolution&) const = default;
};

/// All that a journal tells.
struct Story {
    std::uint64_t number = 0;  ///< the journal's
    Time begun;
    std::chrono::seconds deadline{300};  ///< how long it may wait for its next command before recovery aborts it
    Time last;                           ///< when the last command on it began
    std::vector<Spec> parts = {};
    History history = {};
    std::optional<Resolution> resolution = {};
    std::string upstream = {};  ///< the branch of another coordinator's transaction that this one is; else ""

    /// It was aborted before it was asked: so that the question, should it come late, finds its answer.
    [[nodiscard]] bool is_tombstone() const { return history.decision == Decision::abort && !history.asked; }
    /// Whether it stays after its end, as a witness, until the other coordinator says that it may go.
    [[nodiscard]] bool is_witness() const { return !upstream.empty() && (history.prepared || is_tombstone()); }
};

/// "3f9c0a1b5d7e2468": how people name a transaction.
[[nodiscard]] std::string name_of(std::uint64_t number);
/// std::nullopt where it is no transaction's name.
[[nodiscard]] std::optional<std::uint64_t> number_from(std::string_view name);

class Journal {
public:
    /// A new one under a number drawn by chance; durable when it returns, and held.
    ///
    /// asked  writes this milestone too, so that force() does not have to: for a transaction whose whole plan is known.
    [[nodiscard]] static Journal create(io::Dir& dir, Clock& clock, const Uuid& coordinator,
                                        std::chrono::seconds deadline, const std::vector<Spec>& parts, bool asked);
    /// That of another coordinator's branch, under a number that follows from it; nullptr where there is one.
    ///
    /// first  asked, or (a tombstone) abort.
    [[nodiscard]] static std::unique_ptr<Journal> create_for(io::Dir& dir, Clock& clock, const Uuid& coordinator,
                                                             const std::string& upstream,
                                                             const std::vector<Spec>& parts, Milestone::Kind first);
    [[nodiscard]] static std::uint64_t number_for(const std::string& upstream);
    enum class Found : std::uint8_t { missing, busy, held };
    struct Opened {
        Found found = Found::missing;
        std::unique_ptr<Journal> journal = {};  ///< where held
        std::string holder = {};                ///< where busy: who holds it
    };
    /// Opens and holds one.
    [[nodiscard]] static Opened open(io::Dir& dir, const Uuid& coordinator, std::uint64_t number);

    [[nodiscard]] const Story& story() const { return story_; }
    /// These are durable when they return. fails  the journal is then dead: to be opened anew.
    void add(const std::vector<Spec>& parts, Time now);
    void force(const Milestone& milestone);
    /// As force, but it may be lost with the power.
    void note(const Milestone& milestone);
    void resolve(const Resolution& resolution);
    /// Notes that a command works on it, for the deadline; not durable at once.
    void touch(Time now);
    /// Removes it. durably: where a journal that comes back with the power would say something else than was told.
    void remove(bool durably);

    Journal(Journal&&) = default;

private:
    Journal(io::Dir& dir, std::unique_ptr<wal::Log> log, Story story);
    io::Dir* dir_;
    std::unique_ptr<wal::Log> log_;
    Story story_;
    bool asked_ = false;  // that milestone is in the log, though nobody was asked yet
};

/// A journal as it stands, without holding it. std::nullopt: there is none (any more).
///
/// fails  damage(), naming the transaction.
[[nodiscard]] std::optional<Story> read_story(io::Dir& dir, const Uuid& coordinator, std::uint64_t number);
/// "part", "commit": what kind of record it is.
[[nodiscard]] std::string name_of(const wal::Record& record);
/// Takes the records of a log; for read_story, repair and the fuzz target. fails  damage().
[[nodiscard]] Story story_of(const std::vector<wal::Record>& records, std::uint64_t number, std::string_view where);

}  // namespace ft::twophase
