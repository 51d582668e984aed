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

#include "libcore/twophase/chronicle.h"
#include "libcore/wal/log.h"

namespace ft::twophase {

class Journal final : public Chronicle {
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
    /// One of which all this is known already; nullptr where there is one of its number.
    [[nodiscard]] static std::unique_ptr<Journal> create_as(io::Dir& dir, Clock& clock, const Uuid& coordinator,
                                                            const Story& story);
    [[nodiscard]] static std::uint64_t number_for(const std::string& upstream);
    enum class Found : std::uint8_t { missing, busy, held };
    struct Opened {
        Found found = Found::missing;
        std::unique_ptr<Journal> journal = {};  ///< where held
        std::string holder = {};                ///< where busy: who holds it
    };
    /// Opens and holds one.
    [[nodiscard]] static Opened open(io::Dir& dir, const Uuid& coordinator, std::uint64_t number);

    [[nodiscard]] const Story& story() const override { return story_; }
    void force(const Milestone& milestone) override;
    void note(const Milestone& milestone) override;
    /// These two are durable when they return. fails  the journal is then dead: to be opened anew.
    void add(const std::vector<Spec>& parts, Time now);
    void resolve(const Resolution& resolution);
    /// Notes that a command works on it, for the deadline; not durable at once.
    void touch(Time now);
    void remove(bool durably) override;

    Journal(Journal&&) = default;

private:
    Journal(io::Dir& dir, std::unique_ptr<wal::Log> log, Story story);
    /// Nobody was asked yet, whatever the log says.
    void begin_anew(bool asked);

    io::Dir* dir_;
    std::unique_ptr<wal::Log> log_;
    Story story_;
    bool asked_ = false;  // that milestone is in the log, though nobody was asked yet
};

/// A journal as it stands, without holding it. std::nullopt: there is none (any more).
///
/// fails  damage(), naming the transaction.
[[nodiscard]] std::optional<Story> read_story(io::Dir& dir, const Uuid& coordinator, std::uint64_t number);
}  // namespace ft::twophase
