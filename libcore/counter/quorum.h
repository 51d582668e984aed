// What a majority of sound replicas says about a counter. Pure: from what was heard to what may be believed.
//
// A damaged, poisoned or newly made replica has no vote: one that has lost its newest commit and votes on makes a
// majority forget what was acknowledged (Alagappan et al., "Protocol-Aware Recovery", FAST 2018).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "libcore/counter/message.h"

namespace ft::counter {

/// Former members count while a change is under way.
[[nodiscard]] bool is_member(const Charter& charter, const Uuid& replica);
/// Whether those for whom `has` holds are a majority of the members, and of the former ones while a change is under
/// way.
[[nodiscard]] bool is_quorum(const Charter& charter, const std::function<bool(const Uuid&)>& has);

/// A member and the last that was heard of it.
struct Heard {
    Uuid member;
    bool locked = false;  ///< a file of this machine, under this process's lock
    Reply reply;
};

/// The last that was heard of one; nullptr where it was not asked.
[[nodiscard]] const Heard* find(std::span<const Heard> heard, const Uuid& member);

struct Verdict {
    bool quorum = false;      ///< enough are sound to speak for the counter
    std::size_t newest = 0;   ///< quorum: which of them has the newest state
    bool exclusive = false;   ///< all members are sound, under our locks, and have promised to lock holders alone
    bool all_locked = false;  ///< all members are sound and under our locks
    Ballot promised;          ///< the highest that any has promised
};

/// charter  of the newest state among them: see newest_charter(). Others than its members may be among them: they have
///          no vote, but a newer state that one of them holds was made from a majority, and is taken up.
[[nodiscard]] Verdict weigh(const Charter& charter, std::span<const Heard> heard);

/// Whether a majority has this state and has promised nothing beyond the ballot it was made under: then no other state
/// can be acknowledged that does not follow from it, and it may be read without a write.
[[nodiscard]] bool is_settled(const Charter& charter, std::span<const Heard> heard, const Version& version);

/// The newest state that was heard of, and its charter; nullptr where no replica is sound.
[[nodiscard]] const Standing* newest_standing(std::span<const Heard> heard);
[[nodiscard]] const Charter* newest_charter(std::span<const Heard> heard);

}  // namespace ft::counter
