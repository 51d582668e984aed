// The replicas of a counter as one coordinator sees them: a line to each, the locks of those that are files here, and
// what each said last.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/counter/link.h"
#include "libcore/counter/quorum.h"

namespace ft::counter {

/// How replicas are reached from here.
class Wiring {
public:
    virtual ~Wiring() = default;
    /// A line to a member. Where there is no way to it, one that answers so.
    [[nodiscard]] virtual std::unique_ptr<Link> link(const Member& member) = 0;
    /// Waits until `done` holds, which is asked whenever some line may have an answer. false: not within `at_most`.
    [[nodiscard]] virtual bool wait(std::chrono::nanoseconds at_most, const std::function<bool()>& done) = 0;
    /// The members are these now.
    virtual void learn(const Charter& charter) = 0;
    /// Who the counter's name says are the members, read once more; empty where it says nothing.
    [[nodiscard]] virtual std::vector<Member> named_members() { return {}; }
};

struct Patience {
    std::chrono::nanoseconds lock = std::chrono::seconds(10);   ///< with others that hold a replica
    std::chrono::nanoseconds reply = std::chrono::seconds(10);  ///< while a majority is missing
    std::chrono::nanoseconds grace = std::chrono::seconds(3);   ///< for the rest, once there is a majority
    std::chrono::nanoseconds race = std::chrono::seconds(10);   ///< with coordinators on other hosts
};

class Seats {
public:
    Seats(Wiring& wiring, Clock& clock, const Patience& patience)
        : wiring_(wiring), clock_(clock), patience_(patience) {}

    /// Seats the members, former ones too, that have no seat yet.
    void add(const Charter& charter);
    void add(const Member& member);
    /// Drops whoever is no member.
    void keep(const Charter& charter);

    /// Takes the locks of all files of this machine, the members' in the order of their uuids: two that do so never
    /// wait for each other. A member's that another process holds for too long answers `busy` until the next lock();
    /// others are not waited for: a new member may lie where a former one lay.
    void lock(const Charter& charter);
    void unlock();
    /// The seat of the file whose lock comes first of all; std::nullopt where no member is a file of this machine that
    /// is not busy answering.
    [[nodiscard]] std::optional<std::size_t> first_file(const Charter& charter) const;
    /// Takes the lock of that seat. false: another process has it.
    [[nodiscard]] bool try_lock(std::size_t seat);
    [[nodiscard]] LocalReplica& file(std::size_t seat) { return *lines_[seat].link->local(); }

    /// What to ask of whom; std::nullopt: nothing.
    using Ask = std::function<std::optional<Request>(const Heard&)>;
    /// Asks side by side and waits for the answers: for all of them, but not long for the rest once it is `enough`.
    /// Who does not answer in time is `unreachable`, and stays so until its late answer has come and gone.
    void ask(const Ask& request, const std::function<bool()>& enough);

    [[nodiscard]] std::span<const Heard> heard() const { return heard_; }
    [[nodiscard]] const Heard* find(const Uuid& replica) const { return counter::find(heard_, replica); }

private:
    struct Line {
        std::unique_ptr<Link> link;
        std::uint64_t awaited = 0;  // round of the question that is not answered; 0: none
        [[nodiscard]] LocalReplica* free_file() const { return awaited == 0 ? link->local() : nullptr; }
    };
    void lock(std::size_t seat, std::chrono::nanoseconds patience);
    /// Gives back what was taken out of order, before one that is still to be locked. false: all are locked.
    [[nodiscard]] bool unlock_after_gap(const Charter& charter);
    void unlock(std::size_t seat);
    void collect();
    [[nodiscard]] bool all_answered() const;

    Wiring& wiring_;
    Clock& clock_;
    Patience patience_;
    std::vector<Heard> heard_;  // sorted by uuid
    std::vector<Line> lines_;   // of the same seats
    std::uint64_t round_ = 0;
};

}  // namespace ft::counter
