#include "libcore/counter/quorum.h"

#include <algorithm>
#include <limits>

namespace ft::counter {

namespace {

bool is_majority(const std::vector<Member>& members, const std::function<bool(const Uuid&)>& has) {
    const auto count = std::count_if(members.begin(), members.end(), [&](const Member& m) { return has(m.replica); });
    return static_cast<std::size_t>(count) > members.size() / 2;
}

void for_each_member(const Charter& charter, const std::function<void(const Member&)>& visit) {
    for (const Member& member : charter.members) visit(member);
    for (const Member& member : charter.former) visit(member);
}

const Heard* newest_of(std::span<const Heard> heard) {
    const Heard* newest = nullptr;
    for (const Heard& one : heard)
        if (one.reply.is_sound() &&
            (newest == nullptr || newest->reply.standing->version < one.reply.standing->version))
            newest = &one;
    return newest;
}

}  // namespace

const Heard* find(std::span<const Heard> heard, const Uuid& member) {
    const auto found = std::find_if(heard.begin(), heard.end(), [&](const Heard& one) { return one.member == member; });
    return found == heard.end() ? nullptr : &*found;
}

bool is_member(const Charter& charter, const Uuid& replica) {
    bool found = false;
    for_each_member(charter, [&](const Member& member) { found = found || member.replica == replica; });
    return found;
}

bool is_quorum(const Charter& charter, const std::function<bool(const Uuid&)>& has) {
    return is_majority(charter.members, has) && (charter.former.empty() || is_majority(charter.former, has));
}

const Standing* newest_standing(std::span<const Heard> heard) {
    const Heard* newest = newest_of(heard);
    return newest != nullptr ? &*newest->reply.standing : nullptr;
}

const Charter* newest_charter(std::span<const Heard> heard) {
    const Standing* newest = newest_standing(heard);
    return newest != nullptr ? &newest->annex.charter : nullptr;
}

Verdict weigh(const Charter& charter, std::span<const Heard> heard) {
    Verdict verdict;
    verdict.quorum = is_quorum(charter, [&](const Uuid& member) {
        const Heard* one = find(heard, member);
        return one != nullptr && one->reply.is_sound();
    });
    if (!verdict.quorum) return verdict;
    verdict.newest = static_cast<std::size_t>(newest_of(heard) - heard.data());
    verdict.all_locked = true;
    Ballot lowest{std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint64_t>::max()};
    for_each_member(charter, [&](const Member& member) {
        const Heard* one = find(heard, member.replica);
        const bool sound = one != nullptr && one->reply.is_sound();
        verdict.all_locked = verdict.all_locked && sound && one->locked;
        if (!sound) return;
        lowest = std::min(lowest, one->reply.standing->promise);
        verdict.promised = std::max(verdict.promised, one->reply.standing->promise);
    });
    verdict.exclusive =
        verdict.all_locked && lowest == verdict.promised && verdict.promised.proposer == Ballot::lock_holder;
    return verdict;
}

bool is_settled(const Charter& charter, std::span<const Heard> heard, const Version& version) {
    return is_quorum(charter, [&](const Uuid& member) {
        const Heard* one = find(heard, member);
        if (one == nullptr || !one->reply.is_sound()) return false;
        return one->reply.standing->version == version && one->reply.standing->promise == version.ballot;
    });
}

}  // namespace ft::counter
