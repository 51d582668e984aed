#include "libcore/counter/quorum.h"

#include <algorithm>

namespace ft::counter {

namespace {

bool is_majority(const std::vector<Member>& members, const std::function<bool(const Uuid&)>& has) {
    const auto count = std::count_if(members.begin(), members.end(), [&](const Member& m) { return has(m.replica); });
    return static_cast<std::size_t>(count) > members.size() / 2;
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

bool is_quorum(const Charter& charter, const std::function<bool(const Uuid&)>& has) {
    return is_majority(charter.members, has) && (charter.former.empty() || is_majority(charter.former, has));
}

const Charter* newest_charter(std::span<const Heard> heard) {
    const Heard* newest = newest_of(heard);
    return newest != nullptr ? &newest->reply.standing->annex.charter : nullptr;
}

Verdict weigh(const Charter& charter, std::span<const Heard> heard) {
    Verdict verdict;
    const auto sound = [&](const Uuid& member) {
        return std::any_of(heard.begin(), heard.end(),
                           [&](const Heard& one) { return one.member == member && one.reply.is_sound(); });
    };
    verdict.quorum = is_quorum(charter, sound);
    if (!verdict.quorum) return verdict;
    verdict.newest = static_cast<std::size_t>(newest_of(heard) - heard.data());
    const Version& newest = heard[verdict.newest].reply.standing->version;
    verdict.all_locked = true;
    bool one_promise = true;
    for (std::size_t i = 0; i < heard.size(); ++i) {
        const Heard& one = heard[i];
        verdict.all_locked = verdict.all_locked && one.locked && one.reply.is_sound();
        if (!one.reply.is_sound()) continue;
        const Standing& standing = *one.reply.standing;
        if (standing.version != newest) verdict.behind.push_back(i);
        one_promise = one_promise && standing.promise == heard[verdict.newest].reply.standing->promise;
        verdict.promised = std::max(verdict.promised, standing.promise);
    }
    verdict.exclusive = verdict.all_locked && one_promise && verdict.promised.proposer == Ballot::lock_holder;
    return verdict;
}

}  // namespace ft::counter
