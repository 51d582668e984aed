#include "libcore/counter/seats.h"

#include <algorithm>
#include <utility>

namespace ft::counter {

void Seats::add(const Charter& charter) {
    for (const Member& member : charter.members) add(member);
    for (const Member& member : charter.former) add(member);
}

void Seats::add(const Member& member) {
    const auto place = std::lower_bound(heard_.begin(), heard_.end(), member.replica,
                                        [](const Heard& one, const Uuid& uuid) { return one.member < uuid; });
    if (place != heard_.end() && place->member == member.replica) return;
    lines_.insert(lines_.begin() + (place - heard_.begin()), Line{.link = wiring_.link(member)});
    heard_.insert(place, Heard{.member = member.replica, .reply = {.why = "it was not asked yet"}});
}

void Seats::keep(const Charter& charter) {
    for (std::size_t i = heard_.size(); i-- > 0;) {
        if (is_member(charter, heard_[i].member)) continue;
        heard_.erase(heard_.begin() + static_cast<std::ptrdiff_t>(i));
        lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

void Seats::lock(const Charter& charter) {
    if (!unlock_after_gap(charter)) return;
    for (const bool members : {true, false})
        for (std::size_t i = 0; i < lines_.size(); ++i)
            if (is_member(charter, heard_[i].member) == members && !heard_[i].locked)
                lock(i, members ? patience_.lock : std::chrono::nanoseconds(0));
}

bool Seats::unlock_after_gap(const Charter& charter) {
    bool gap = false;
    for (const bool members : {true, false})
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            if (lines_[i].free_file() == nullptr || is_member(charter, heard_[i].member) != members) continue;
            if (gap) unlock(i);
            gap = gap || (members && !heard_[i].locked);
        }
    return gap;
}

std::optional<std::size_t> Seats::first_file(const Charter& charter) const {
    for (std::size_t i = 0; i < lines_.size(); ++i)
        if (lines_[i].free_file() != nullptr && is_member(charter, heard_[i].member)) return i;
    return std::nullopt;
}

bool Seats::try_lock(std::size_t seat) {
    heard_[seat].locked = heard_[seat].locked || file(seat).try_lock();
    return heard_[seat].locked;
}

void Seats::lock(std::size_t seat, std::chrono::nanoseconds patience) {
    LocalReplica* file = lines_[seat].free_file();
    if (file == nullptr) return;
    const auto until = clock_.monotonic() + patience;
    constexpr std::chrono::nanoseconds longest = std::chrono::milliseconds(1);
    for (std::chrono::nanoseconds pause = std::chrono::microseconds(20);; pause = std::min(2 * pause, longest)) {
        heard_[seat].locked = file->try_lock();
        if (heard_[seat].locked) return;
        if (clock_.monotonic() >= until) break;
        (void)wiring_.wait(pause, [] { return false; });  // where the user can stop it
    }
    heard_[seat].reply = {.kind = Reply::Kind::busy, .why = file->holder() + " holds it"};
}

void Seats::unlock() {
    for (std::size_t i = 0; i < lines_.size(); ++i)
        if (lines_[i].free_file() != nullptr) unlock(i);
}

void Seats::unlock(std::size_t seat) {
    if (!std::exchange(heard_[seat].locked, false)) return;
    file(seat).unlock();
}

void Seats::ask(const Ask& request, const std::function<bool()>& enough) {
    ++round_;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        Heard& one = heard_[i];
        if (lines_[i].awaited != 0 || (lines_[i].link->local() != nullptr && !one.locked)) continue;
        std::optional<Request> wanted = request(one);
        if (!wanted) continue;
        one.reply = {};
        lines_[i].awaited = round_;
        lines_[i].link->ask(std::move(*wanted));
    }
    const auto answered = [&] {
        collect();
        return all_answered() || enough();
    };
    if (wiring_.wait(patience_.reply, answered) && !all_answered())
        (void)wiring_.wait(patience_.grace, [&] {
            collect();
            return all_answered();
        });
    for (std::size_t i = 0; i < lines_.size(); ++i)
        if (lines_[i].awaited != 0) heard_[i].reply = {.why = "it does not answer"};
}

void Seats::collect() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].awaited == 0) continue;
        std::optional<Reply> reply = lines_[i].link->take();
        if (!reply) continue;
        const bool is_late = std::exchange(lines_[i].awaited, 0) != round_;
        if (is_late) continue;  // it tells how the replica stood, not how it stands
        if (reply->standing && reply->standing->header.replica != heard_[i].member)
            *reply = {.kind = Reply::Kind::damaged, .why = "another replica is in its place"};
        heard_[i].reply = std::move(*reply);
    }
}

bool Seats::all_answered() const {
    return std::none_of(lines_.begin(), lines_.end(), [&](const Line& line) { return line.awaited == round_; });
}

}  // namespace ft::counter
