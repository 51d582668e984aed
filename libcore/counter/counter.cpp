#include "libcore/counter/counter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libcore/counter/race.h"

namespace ft::counter {

namespace {

/// Whether doing it again, after it may have been done, does nothing more.
bool is_repeatable(const Operation& operation) {
    return operation.kind != Operation::Kind::add || operation.key.has_value();
}

bool has_mark(const Head& head, std::uint64_t mark) {
    return std::find(head.marks.begin(), head.marks.end(), mark) != head.marks.end();
}

std::string_view name_of(Reply::Kind kind) {
    constexpr std::string_view names[] = {"",        "sound",   "refusing", "behind",     "damaged",
                                          "failing", "missing", "busy",     "unreachable"};
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace

Counter::Counter(Wiring& wiring, Clock& clock, std::string name, Charter charter, const Patience& patience)
    : wiring_(wiring),
      clock_(clock),
      name_(std::move(name)),
      charter_(std::move(charter)),
      patience_(patience),
      seats_(wiring, clock, patience) {}

std::vector<Outcome> Counter::run(std::span<const Operation> operations) {
    const bool writes = std::any_of(operations.begin(), operations.end(),
                                    [](const Operation& one) { return one.kind != Operation::Kind::get; });
    const bool repeatable = std::all_of(operations.begin(), operations.end(), is_repeatable);
    std::vector<Attempt> attempts;
    fresh_ = false;
    for (Race race(clock_, patience_.race);;) {
        if (const std::optional<Failure> why = establish(writes || !attempts.empty()))
            throw attempts.empty() || !writes ? *why : in_doubt(why->parts().why);
        const Head& head = ledger_->head();
        const std::uint64_t sequence = ledger_->version().sequence;
        const auto made = std::find_if(attempts.begin(), attempts.end(),
                                       [&](const Attempt& one) { return has_mark(head, one.mark); });
        const bool forgotten = std::any_of(attempts.begin(), attempts.end(), [&](const Attempt& one) {
            return one.sequence + remembered_commits <= sequence;
        });
        if (made == attempts.end() && forgotten && !repeatable) throw in_doubt("too much has happened since");
        std::optional<std::vector<Outcome>> outcomes;
        if (made == attempts.end())
            outcomes = apply(operations);
        else
            outcomes = made->outcomes;
        if (outcomes && !ledger_->has_changed() && is_confirmed()) return std::move(*outcomes);
        if (outcomes) {
            attempts.push_back({clock_.random(), sequence + 1, std::move(*outcomes)});
            if (commit(attempts.back().mark)) return std::move(attempts.back().outcomes);
        }
        if (!race.again()) throw attempts.empty() || !writes ? no_majority() : in_doubt("others were always faster");
    }
}

std::optional<std::vector<Outcome>> Counter::apply(std::span<const Operation> operations) {
    const bool keyed =
        std::any_of(operations.begin(), operations.end(), [](const Operation& one) { return one.key.has_value(); });
    if (keyed && !load_window()) {
        hold_ = Hold::nothing;
        return std::nullopt;
    }
    std::vector<Outcome> outcomes;
    outcomes.reserve(operations.size());
    for (const Operation& operation : operations) outcomes.push_back(ledger_->apply(operation));
    return outcomes;
}

void Counter::release() {
    seats_.unlock();
    seats_.keep(charter_);
    guest_.reset();
    hold_ = Hold::nothing;
}

bool Counter::is_confirmed() const { return hold_ == Hold::exclusive || (hold_ == Hold::reading && fresh_); }

std::optional<Failure> Counter::establish(bool to_write) {
    if (hold_ == Hold::leading || hold_ == Hold::exclusive) return std::nullopt;
    for (Race race(clock_, patience_.race);;) {
        const Verdict verdict = look(Request::Kind::look);
        if (!verdict.quorum) return no_majority();
        adopt(*seats_.heard()[verdict.newest].reply.standing);
        if (verdict.exclusive) {
            ballot_ = verdict.promised;
            hold_ = Hold::exclusive;
        } else if (!to_write && is_settled(charter_, seats_.heard(), ledger_->version())) {
            hold_ = Hold::reading;
            return std::nullopt;
        }
        if (hold_ == Hold::exclusive || take_ballot(verdict)) {
            if (catch_up() && (!to_write || finish_change())) return std::nullopt;
            hold_ = Hold::nothing;
        }
        if (!race.again()) return no_majority();
    }
}

Verdict Counter::look(Request::Kind how) {
    fresh_ = true;
    hold_ = Hold::nothing;
    for (bool follows = true; follows;) {
        Charter here = charter_;
        if (guest_) here.members.push_back(*guest_);
        seats_.add(here);
        seats_.lock(here);
        seats_.ask([&](const Heard&) { return Request{.kind = how}; },
                   [&] {
                       return is_quorum(charter_,
                                        [&](const Uuid& member) { return seats_.find(member)->reply.is_sound(); });
                   });
        const Charter* newest = newest_charter(seats_.heard());
        if (newest == nullptr) return {};
        follows = !has_seats(*newest);
        charter_ = *newest;
        wiring_.learn(charter_);
    }
    return weigh(charter_, seats_.heard());
}

bool Counter::has_seats(const Charter& charter) const {
    const auto seated = [&](const Member& member) { return seats_.find(member.replica) != nullptr; };
    return std::all_of(charter.members.begin(), charter.members.end(), seated) &&
           std::all_of(charter.former.begin(), charter.former.end(), seated);
}

void Counter::adopt(const Standing& newest) {
    header_ = newest.header;
    if (ledger_ && ledger_->version() == newest.version) return;  // equal versions are equal states
    ledger_.emplace(newest.version, newest.head, newest.annex, newest.header.identity.keys);
}

bool Counter::take_ballot(const Verdict& verdict) {
    ballot_ = {verdict.promised.number + 1, verdict.all_locked ? Ballot::lock_holder : (clock_.random() | 1)};
    const auto promises = [&](const Uuid& member) {
        const Reply& reply = seats_.find(member)->reply;
        return reply.kind == Reply::Kind::sound && reply.standing->promise == ballot_;
    };
    const Request prepare{.kind = Request::Kind::prepare, .ballot = ballot_, .epoch = charter_.epoch};
    seats_.ask(
        [&](const Heard& one) {
            return one.reply.is_sound() && is_member(charter_, one.member) ? std::optional<Request>(prepare)
                                                                           : std::nullopt;
        },
        [&] { return is_quorum(charter_, promises); });
    if (!is_quorum(charter_, promises)) return false;
    const Standing& newest = *newest_standing(seats_.heard());
    if (newest.annex.charter != charter_) return false;  // others count since
    adopt(newest);
    const auto all_promise = [&](const std::vector<Member>& members) {
        return std::all_of(members.begin(), members.end(), [&](const Member& one) { return promises(one.replica); });
    };
    const bool all = all_promise(charter_.members) && all_promise(charter_.former);
    hold_ = verdict.all_locked && all ? Hold::exclusive : Hold::leading;
    return true;
}

bool Counter::is_current(const Uuid& member) const {
    const Heard* one = seats_.find(member);
    return one != nullptr && one->reply.kind == Reply::Kind::sound &&
           one->reply.standing->version == ledger_->version();
}

bool Counter::load_window() {
    if (ledger_->has_window()) return true;
    std::vector<Uuid> holders;
    for (const Heard& one : seats_.heard())
        if (is_current(one.member)) holders.push_back(one.member);
    for (const Uuid& holder : holders) {
        seats_.ask(
            [&](const Heard& one) {
                return one.member == holder ? std::optional<Request>({.kind = Request::Kind::keys}) : std::nullopt;
            },
            [] { return false; });
        if (!is_current(holder)) continue;
        const std::optional<KeyWindow>& keys = seats_.find(holder)->reply.keys;
        if (!keys || keys->first + keys->entries.size() != ledger_->head().keyed) continue;
        ledger_->give_window(*keys);
        return true;
    }
    return false;
}

bool Counter::catch_up() {
    const auto lags = [&](const Heard& one) {
        return is_member(charter_, one.member) && one.reply.is_sound() &&
               one.reply.standing->version != ledger_->version();
    };
    const auto current = [&](const Uuid& member) { return is_current(member); };
    const std::span<const Heard> heard = seats_.heard();
    if (std::any_of(heard.begin(), heard.end(), lags) && load_window()) {
        const Request install{
            .kind = Request::Kind::install, .ballot = ballot_, .epoch = charter_.epoch, .state = ledger_->state()};
        seats_.ask([&](const Heard& one) { return lags(one) ? std::optional<Request>(install) : std::nullopt; },
                   [&] { return is_quorum(charter_, current); });
    }
    return is_quorum(charter_, current);
}

bool Counter::commit(std::uint64_t mark) {
    const Version base = ledger_->version();
    const std::uint64_t epoch = charter_.epoch;
    const Change change = ledger_->take_change({ballot_, base.sequence + 1}, mark);
    charter_ = ledger_->annex().charter;
    const auto at_base = [&](const Heard& one) {
        return one.reply.kind == Reply::Kind::sound && one.reply.standing->version == base;
    };
    const auto current = [&](const Uuid& member) { return is_current(member); };
    seats_.ask(
        [&](const Heard& one) {
            return at_base(one)
                       ? std::optional<Request>({.kind = Request::Kind::accept, .epoch = epoch, .change = change})
                       : std::nullopt;
        },
        [&] { return is_quorum(charter_, current); });
    const bool made = is_quorum(charter_, current);
    if (!made) hold_ = Hold::nothing;
    return made;
}

bool Counter::commit_charter(Charter charter) {
    ledger_->set_charter(std::move(charter));
    return commit(clock_.random());
}

bool Counter::finish_change() {
    if (charter_.former.empty()) return true;
    Charter last = charter_;
    last.former.clear();
    ++last.epoch;
    return commit_charter(std::move(last));
}

std::vector<Absent> Counter::absent() const {
    std::vector<Absent> absent;
    if (!ledger_) return absent;  // nothing was done yet, so nobody missed it
    for (const Member& member : charter_.members)
        if (const Heard* one = seats_.find(member.replica); one == nullptr || !one->reply.is_sound())
            absent.push_back({.member = member, .why = one == nullptr ? "" : one->reply.why});
    return absent;
}

bool Counter::has_majority() const { return weigh(charter_, seats_.heard()).quorum; }

bool Counter::is_durable() const {
    return is_quorum(charter_, [&](const Uuid& member) {
        return is_current(member) && seats_.find(member)->reply.standing->on_disk;
    });
}

Failure Counter::no_majority() const {
    std::size_t sound = 0, damaged = 0, busy = 0;
    std::string why;
    for (const Member& member : charter_.members) {
        const Reply& reply = seats_.find(member.replica)->reply;
        if (reply.is_sound()) {
            ++sound;
            continue;
        }
        if (reply.kind == Reply::Kind::damaged) ++damaged;
        if (reply.kind == Reply::Kind::busy) ++busy;
        why += fmt::format("{}'{}' is {}: {}", why.empty() ? "" : "; ", member.locator, name_of(reply.kind), reply.why);
    }
    const std::size_t all = charter_.members.size();
    if (all > 1) why = fmt::format("{} of its {} replicas answer, a majority is needed; {}", sound, all, why);
    if (why.empty()) why = "others write to it all the time";
    const bool is_busy = busy > 0 || sound == all;
    return Failure({.what = "cannot use the counter",
                    .where = name_,
                    .why = why,
                    .todo = all > 1 ? fmt::format("'ftcounter status {}' tells more; nothing changed", name_) : "",
                    .exit = is_busy       ? Exit::busy
                            : damaged > 0 ? Exit::damage
                                          : Exit::failed});
}

Failure Counter::in_doubt(std::string_view why) const {
    return Failure({.what = "it is not known whether this was counted",
                    .where = name_,
                    .why = std::string(why),
                    .todo = "with --key the same command can be repeated safely",
                    .exit = Exit::in_doubt});
}

}  // namespace ft::counter
