// Journals and ledgers whose bytes are damaged: what can still be read of them, and how to go on without the rest.
//
//     for (const Damaged& d : find_damaged(home)) ...     accept_loss(home, d.number);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcore/twophase/home.h"

namespace ft::twophase {

struct Damaged {
    std::uint64_t number = 0;
    std::string why;
    std::optional<Story> before;        ///< what it says up to the damage; none: nothing of it can be read
    std::vector<std::string> beyond;    ///< records that can be read behind the damage: "commit", "end"
    bool is_ledger = false;             ///< then `before` is none
    std::optional<LedgerStory> ledger;  ///< all that can be read, before and behind; none: nothing
};

/// Reads all journals and ledgers, without holding them.
[[nodiscard]] std::vector<Damaged> find_damaged(Home& home);

/// Ends a damaged journal before its damage; takes the damage out of a ledger, whose transactions stand each for
/// themselves; removes either where nothing of it can be read. A copy of what it was is kept in "lost". From then on
/// recovery goes by what is there.
///
/// fails  Exit::busy where a process works on it.
void accept_loss(Home& home, Clock& clock, const Damaged& damaged);

}  // namespace ft::twophase
