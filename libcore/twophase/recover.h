// Recovery: what a dead coordinator has left is committed where its journal says so, and aborted otherwise. Only what
// nobody works on is touched, and nothing that still waits for its next command within its deadline.
//
//     for (const Recovered& r : recover_all(home, makers, clock, progress, {})) ...
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libcore/twophase/coordinator.h"
#include "libcore/twophase/home.h"

namespace ft::twophase {

struct Recovered {
    enum class Kind : std::uint8_t {
        settled,  ///< it has ended now, as report says
        gone,     ///< somebody else has ended it meanwhile
        live,     ///< a process works on it
        waiting,  ///< open or prepared, within its deadline
        left,     ///< decided, but not all have obeyed: next time
        broken,   ///< a participant disobeyed: a person has to look
        damaged,  ///< its journal cannot be read
        foreign,  ///< not a transaction: what others have prepared at a place of this ledger's is left alone
    };
    std::uint64_t number = 0;
    Kind kind = Kind::settled;
    Report report = {};
    std::string why = {};
};

[[nodiscard]] Recovered::Kind kind_of(const Report& report);

/// Participants of a transaction; a Failure where they cannot be reached.
using Makers = std::function<Desk::Participants(const Story& story)>;

/// How to find what a ledger's transactions may have prepared (Kind::list).
struct Places {
    std::function<Listed(const Spec& place, const std::string& prefix)> list;
    std::function<std::unique_ptr<Participant>(const Spec& place, const Branch& branch)> make;
    /// As abort_branches().
    std::function<std::optional<std::vector<Settled>>(const Spec& place, const std::vector<Branch>& branches,
                                                      unsigned at_once)>
        abort_all;
};

/// at_once  transactions that are worked on side by side.
[[nodiscard]] std::vector<Recovered> recover_all(Home& home, const Makers& makers, const Places& places, Clock& clock,
                                                 const Progress& progress, const Pace& pace, unsigned at_once = 16);
/// One of them.
[[nodiscard]] Recovered recover_one(Home& home, std::uint64_t number, const Makers& makers, Clock& clock,
                                    const Progress& progress, const Pace& pace);

}  // namespace ft::twophase
