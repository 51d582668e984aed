// Operations of other processes, done in the same commit as one's own: sixteen who wait for one lock share one sync.
//
// Whoever has the lock asks for them once the state is established, tells them what will become of them before the
// commit, and that it has become of them after it. So one of them is known to be done or not even where its doer was
// killed between any two of these: the next who has the lock finds the commit's mark in the state, or does not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libcore/counter/ledger.h"

namespace ft::counter {

class Guests {
public:
    virtual ~Guests() = default;

    /// What the counter is, as a majority under our ballot has it.
    struct Standing {
        const Head& head;
        std::uint64_t sequence = 0;
        bool final = false;      ///< no replica holds anything newer: what is not in it can never be
        bool on_disk = true;     ///< it survives the loss of power
        std::size_t absent = 0;  ///< replicas that do not take part
    };
    /// The replica whose lock one must have to take from them; std::nullopt: there is nothing to take.
    [[nodiscard]] virtual std::optional<Uuid> gate() const = 0;
    /// Whether there may be any.
    [[nodiscard]] virtual bool are_waiting() const = 0;
    /// Those that are to be done now, at most so many. The others have been told: done by a commit that is in the
    /// state, or not to be known any more.
    [[nodiscard]] virtual std::vector<Operation> take(const Standing& now, std::size_t at_most) = 0;
    /// Those taken are about to be made by the commit of this mark and sequence, with these outcomes.
    virtual void about_to_commit(std::uint64_t mark, std::uint64_t sequence, std::span<const Outcome> outcomes) = 0;
    /// Those taken are done, with these outcomes; this is how the counter stands now.
    virtual void answer(const Standing& now, std::span<const Outcome> outcomes) = 0;
    /// Takes back the operation that its own process has among them, if there is one. false: it may have been done, or
    /// may yet be.
    ///
    /// locked  nobody else can take from them now.
    [[nodiscard]] virtual bool withdraw(bool locked) = 0;
};

/// For whom there is nobody else.
class NoGuests final : public Guests {
public:
    [[nodiscard]] std::optional<Uuid> gate() const override { return std::nullopt; }
    bool are_waiting() const override { return false; }
    std::vector<Operation> take(const Standing&, std::size_t) override { return {}; }
    void about_to_commit(std::uint64_t, std::uint64_t, std::span<const Outcome>) override {}
    void answer(const Standing&, std::span<const Outcome>) override {}
    bool withdraw(bool) override { return true; }
};

}  // namespace ft::counter
