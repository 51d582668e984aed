// Counter: who its members are. Each change is two commits (quorum.h): one in which the old and the new members count,
// one in which only the new do. Whoever leads next ends what was interrupted between them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libcore/counter/counter.h"
#include "libcore/counter/race.h"

namespace ft::counter {

namespace {

Failure refusal(std::string what, const std::string& name, std::string why, std::string todo) {
    return Failure(
        {.what = std::move(what), .where = name, .why = std::move(why), .todo = std::move(todo), .exit = Exit::no});
}

Failure not_created(const std::string& where, const std::string& why) {
    return Failure({.what = "cannot create the counter", .where = where, .why = why, .todo = "nothing was made"});
}

/// Why a new replica is not there: its disk or host fails, or what is there already is in the way.
Failure not_installed(const Member& member, const Reply& reply) {
    const bool fails = reply.kind == Reply::Kind::failed || reply.kind == Reply::Kind::unreachable;
    const bool is_foreign = reply.kind == Reply::Kind::damaged;
    return Failure({.what = "cannot replicate",
                    .where = member.locator,
                    .why = reply.why,
                    .todo = is_foreign ? "remove that file where nothing needs it; nothing changed" : "nothing changed",
                    .exit = fails ? Exit::failed : Exit::no});
}

Request removal_of(const Heard& one) {
    return {.kind = Request::Kind::remove, .header = Header{.replica = one.member}};
}

/// The charter with one member less; the former ones still count.
Charter without(const Charter& charter, const Uuid& replica) {
    Charter next = charter;
    ++next.epoch;
    next.former = charter.members;
    std::erase_if(next.members, [&](const Member& one) { return one.replica == replica; });
    return next;
}

}  // namespace

Failure Counter::change_in_doubt(std::string_view why) const {
    return Failure({.what = "it is not known whether the replicas were changed",
                    .where = name_,
                    .why = std::string(why),
                    .todo = fmt::format("'ftcounter status {}' tells; the same command can be repeated", name_),
                    .exit = Exit::in_doubt});
}

void Counter::lead() {
    if (const std::optional<Failure> why = establish(true)) throw *why;
}

void Counter::replicate(const Member& member, const std::function<std::string(const Member&)>& locator) {
    guest_ = member;
    hold_ = Hold::nothing;  // it is to be asked too
    for (Race race(clock_, patience_.race);;) {
        lead();
        if (is_member(charter_, member.replica)) return release();
        if (charter_.members.size() >= charter_.threshold)
            throw refusal(
                "cannot replicate", name_,
                fmt::format("it has {} replicas, and its threshold is {}", charter_.members.size(), charter_.threshold),
                "demote one first; nothing changed");
        install_new(member);
        Charter next = charter_;
        ++next.epoch;
        if (locator)
            for (Member& other : next.members) other.locator = locator(other);
        next.former = next.members;
        next.members.push_back(member);
        if (commit_charter(std::move(next)) && finish_change()) return release();
        if (!race.again()) throw change_in_doubt("others were always faster");
    }
}

void Counter::install_new(const Member& member) {
    const Reply& before = seats_.find(member.replica)->reply;
    if (before.kind != Reply::Kind::missing && !before.is_sound()) throw not_installed(member, before);
    if (!load_window()) throw no_majority();
    const Header header{.identity = header_->identity, .replica = member.replica};
    const Request install{.kind = Request::Kind::install,
                          .ballot = ballot_,
                          .epoch = charter_.epoch,
                          .state = ledger_->state(),
                          .header = header};
    seats_.ask(
        [&](const Heard& one) { return one.member == member.replica ? std::optional<Request>(install) : std::nullopt; },
        [] { return false; });
    if (!is_current(member.replica)) throw not_installed(member, seats_.find(member.replica)->reply);
}

bool Counter::demote(const Uuid& replica, bool force) {
    std::optional<Member> member;
    for (Race race(clock_, patience_.race);;) {
        const std::optional<Failure> why = establish(true);
        if (why && !force) throw *why;
        const Member* found = find(charter_.members, replica);
        if (found == nullptr) break;
        member = guest_ = *found;
        const Charter next = without(charter_, replica);
        check_remaining(next, force);
        const bool leaves_majority = !why && keeps_majority(next);
        if (!leaves_majority) {
            seize(next);
            break;
        }
        if (commit_charter(next) && finish_change()) break;
        if (!race.again()) throw change_in_doubt("others were always faster");
    }
    const bool gone = member && retire(*member);
    release();
    return gone;
}

bool Counter::keeps_majority(const Charter& next) const {
    Charter alone = next;
    alone.former.clear();
    return is_quorum(alone, [&](const Uuid& member) { return is_current(member); });
}

void Counter::check_remaining(const Charter& next, bool force) const {
    if (next.members.empty())
        throw refusal("cannot demote", name_, "it is the last replica", "'ftcounter rm' removes the counter");
    if (force || keeps_majority(next)) return;
    throw refusal("cannot demote", name_, "what remains would not be a majority of sound replicas",
                  "'ftcounter repair' first, or --force; nothing changed");
}

void Counter::seize(Charter next) {
    next.former.clear();
    const Standing* newest = newest_standing(seats_.heard());
    if (newest == nullptr) throw no_majority();
    adopt(*newest);
    if (!load_window()) throw no_majority();
    for (const Heard& one : seats_.heard())
        if (one.reply.is_sound()) ballot_.number = std::max(ballot_.number, one.reply.standing->promise.number);
    ballot_ = {ballot_.number + 1, clock_.random() | 1};
    ledger_->set_charter(next);
    (void)ledger_->take_change({ballot_, ledger_->version().sequence + 1}, clock_.random());
    charter_ = next;
    const Request install{
        .kind = Request::Kind::install, .ballot = ballot_, .epoch = next.epoch, .state = ledger_->state()};
    seats_.ask(
        [&](const Heard& one) {
            return one.reply.is_sound() && is_member(next, one.member) ? std::optional<Request>(install) : std::nullopt;
        },
        [] { return false; });
    const bool any = std::any_of(next.members.begin(), next.members.end(),
                                 [&](const Member& one) { return is_current(one.replica); });
    if (!any) throw change_in_doubt("no replica that remains could be written");
}

bool Counter::retire(const Member& member) {
    if (!seats_.find(member.replica)->reply.is_sound()) return false;
    seats_.ask(
        [&](const Heard& one) {
            return one.member == member.replica ? std::optional<Request>(removal_of(one)) : std::nullopt;
        },
        [] { return false; });
    return seats_.find(member.replica)->reply.kind == Reply::Kind::missing;
}

std::vector<Repaired> Counter::repair() {
    (void)look(Request::Kind::inspect);
    std::vector<Repaired> repaired;
    for (const Member& member : charter_.members) {
        const Reply& reply = seats_.find(member.replica)->reply;
        repaired.push_back({.member = member, .was_sound = reply.is_sound(), .why = reply.why});
    }
    lead();
    if (hold_ != Hold::exclusive && !commit(clock_.random())) throw change_in_doubt("others were faster");
    if (!load_window()) throw no_majority();
    const auto bad = [&](const Uuid& replica) {
        return std::any_of(repaired.begin(), repaired.end(),
                           [&](const Repaired& one) { return one.member.replica == replica && !one.was_sound; });
    };
    Request install{
        .kind = Request::Kind::install, .ballot = ballot_, .epoch = charter_.epoch, .state = ledger_->state()};
    seats_.ask(
        [&](const Heard& one) -> std::optional<Request> {
            if (!bad(one.member) || !is_member(charter_, one.member)) return std::nullopt;
            install.header = Header{.identity = header_->identity, .replica = one.member};
            return install;
        },
        [] { return false; });
    for (Repaired& one : repaired) {
        one.is_sound = is_current(one.member.replica);
        if (!one.is_sound) one.why = seats_.find(one.member.replica)->reply.why;
    }
    release();
    return repaired;
}

void Counter::inspect() {
    (void)look(Request::Kind::inspect);
    if (const Standing* newest = newest_standing(seats_.heard())) adopt(*newest);
}

std::vector<Member> Counter::remove_all() {
    (void)look(Request::Kind::look);
    const std::vector<Member> members = charter_.members;
    seats_.ask(removal_of, [] { return false; });
    std::vector<Member> left;
    for (const Member& member : members)
        if (seats_.find(member.replica)->reply.kind != Reply::Kind::missing) left.push_back(member);
    release();
    return left;
}

void create(Wiring& wiring, Clock& clock, const Identity& identity, const State& first, const Patience& patience,
            const std::function<void()>& about_to_make) {
    Seats seats(wiring, clock, patience);
    const auto never = [] { return false; };
    seats.add(first.annex.charter);
    seats.lock(first.annex.charter);
    seats.ask([](const Heard&) { return Request{.kind = Request::Kind::look}; }, never);
    const auto refuse_unless = [&](Reply::Kind wanted) {
        for (const Member& member : first.annex.charter.members) {
            const Reply& reply = seats.find(member.replica)->reply;
            if (reply.kind == wanted) continue;
            const bool exists = reply.is_sound() || reply.kind == Reply::Kind::damaged;
            throw not_created(member.locator, exists ? "it exists" : reply.why);
        }
    };
    refuse_unless(Reply::Kind::missing);
    if (about_to_make) about_to_make();
    seats.ask(
        [&](const Heard& one) {
            return Request{.kind = Request::Kind::install,
                           .ballot = first.version.ballot,
                           .epoch = first.annex.charter.epoch,
                           .state = first,
                           .header = Header{.identity = identity, .replica = one.member}};
        },
        never);
    const std::span<const Heard> heard = seats.heard();
    const bool all =
        std::all_of(heard.begin(), heard.end(), [](const Heard& one) { return one.reply.kind == Reply::Kind::sound; });
    if (all) return;
    const std::vector<Heard> made(heard.begin(), heard.end());
    seats.ask(removal_of, never);
    for (const Heard& one : made)
        if (!one.reply.is_sound())
            throw not_created(find(first.annex.charter.members, one.member)->locator, one.reply.why);
}

}  // namespace ft::counter
