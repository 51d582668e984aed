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
    NoGuests nobody;
    return run(operations, nobody);
}

std::vector<Outcome> Counter::run(std::span<const Operation> operations, Guests& guests) {
    Task task{.operations = operations, .guests = guests};
    task.writes = std::any_of(operations.begin(), operations.end(),
                              [](const Operation& one) { return one.kind != Operation::Kind::get; });
    task.repeatable = std::all_of(operations.begin(), operations.end(), is_repeatable);
    fresh_ = false;
    for (Race race(clock_, patience_.race);;) {
        if (const std::optional<Failure> why = establish(task.writes || !task.attempts.empty() || guests.are_waiting()))
            throw failure_of(task, *why);
        if (std::optional<std::vector<Outcome>> outcomes = attempt(task)) return std::move(*outcomes);
        if (!race.again())
            throw failure_of(task, untouched(task) ? no_majority() : in_doubt("others were always faster"));
    }
}

bool Counter::serve(Guests& guests) {
    Task task{.operations = {}, .guests = guests};
    const bool leads = hold_ == Hold::leading || hold_ == Hold::exclusive;
    return leads && attempt(task).has_value();
}

std::optional<std::vector<Outcome>> Counter::attempt(Task& task) {
    const std::uint64_t sequence = ledger_->version().sequence;
    const Attempt* former = made(task);
    const std::vector<Operation> company = take_guests(task);
    if ((former == nullptr && !can_apply(task.operations)) || !can_apply(company)) {
        hold_ = Hold::nothing;
        task.alone = task.alone || !company.empty();
        return std::nullopt;
    }
    std::vector<Outcome> outcomes = former != nullptr ? former->outcomes : ledger_->apply(task.operations);
    const std::vector<Outcome> of_company = ledger_->apply(company);
    if (ledger_->has_changed() || !is_confirmed()) {
        const std::uint64_t mark = clock_.random();
        if (!company.empty()) task.guests.about_to_commit(mark, sequence + 1, of_company);
        task.attempts.push_back({mark, sequence + 1, std::move(outcomes)});
        if (!commit(mark)) return std::nullopt;
        outcomes = std::move(task.attempts.back().outcomes);
    }
    if (!company.empty()) task.guests.answer(standing(), of_company);
    return outcomes;
}

const Counter::Attempt* Counter::made(const Task& task) const {
    const auto in_state = [&](const Attempt& one) { return has_mark(ledger_->head(), one.mark); };
    const auto found = std::find_if(task.attempts.begin(), task.attempts.end(), in_state);
    if (found != task.attempts.end()) return &*found;
    const std::uint64_t sequence = ledger_->version().sequence;
    const bool forgotten = std::any_of(task.attempts.begin(), task.attempts.end(), [&](const Attempt& one) {
        return one.sequence + remembered_commits <= sequence;
    });
    if (forgotten && !task.repeatable) throw in_doubt("too much has happened since");
    return nullptr;
}

bool Counter::holds_gate(const Guests& guests) const {
    const std::optional<Uuid> gate = guests.gate();
    const Heard* seat = gate ? seats_.find(*gate) : nullptr;
    return seat != nullptr && seat->locked;
}

std::vector<Operation> Counter::take_guests(const Task& task) {
    const bool leads = hold_ == Hold::leading || hold_ == Hold::exclusive;
    if (task.alone || !leads || !holds_gate(task.guests)) return {};
    if (!task.guests.are_waiting()) return {};
    return task.guests.take(standing(), most_operations - task.operations.size());
}

Guests::Standing Counter::standing() const {
    return {.head = ledger_->head(),
            .sequence = ledger_->version().sequence,
            .final = is_final(),
            .on_disk = is_durable(),
            .absent = absent().size()};
}

bool Counter::untouched(const Task& task) { return task.attempts.empty() || !task.writes; }

Failure Counter::failure_of(Task& task, Failure why) const {
    const bool none_of_ours = task.guests.withdraw(holds_gate(task.guests));
    if ((none_of_ours && untouched(task)) || why.exit() == Exit::in_doubt) return why;
    return in_doubt(why.parts().why);
}

std::string Counter::holder() {
    seats_.add(charter_);
    const std::optional<std::size_t> first = seats_.first_file(charter_);
    return first ? seats_.file(*first).holder() : "another process";
}

std::optional<Counter::Gate> Counter::gate() {
    seats_.add(charter_);
    const std::optional<std::size_t> first = seats_.first_file(charter_);
    const std::optional<io::Stat> file = first ? seats_.file(*first).stat() : std::nullopt;
    if (!file) return std::nullopt;
    return Gate{.replica = seats_.heard()[*first].member, .file = *file};
}

bool Counter::try_turn() {
    seats_.add(charter_);
    const std::optional<std::size_t> first = seats_.first_file(charter_);
    return !first || seats_.try_lock(*first);
}

bool Counter::can_apply(std::span<const Operation> operations) {
    const bool keyed =
        std::any_of(operations.begin(), operations.end(), [](const Operation& one) { return one.key.has_value(); });
    return !keyed || load_window();
}

void Counter::release() {
    seats_.unlock();
    seats_.keep(charter_);
    guest_.reset();
    hold_ = Hold::nothing;
}

bool Counter::is_confirmed() const { return hold_ == Hold::exclusive || (hold_ == Hold::reading && fresh_); }

bool Counter::is_final() const {
    const auto current = [&](const Member& member) { return is_current(member.replica); };
    return hold_ == Hold::exclusive && std::all_of(charter_.members.begin(), charter_.members.end(), current) &&
           std::all_of(charter_.former.begin(), charter_.former.end(), current);
}

std::optional<Failure> Counter::establish(bool to_write) {
    if (hold_ == Hold::leading || hold_ == Hold::exclusive) return std::nullopt;
    for (Race race(clock_, patience_.race);;) {
        const Verdict verdict = look(Request::Kind::look);
        if (!verdict.quorum && follow_name()) continue;
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

bool Counter::follow_name() {
    const std::vector<Member> named = wiring_.named_members();
    const auto is_new = [&](const Member& one) { return seats_.find(one.replica) == nullptr; };
    if (guest_ || std::none_of(named.begin(), named.end(), is_new)) return false;
    charter_ = {.epoch = 0, .members = named, .former = {}};
    release();
    return true;
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
    const auto change = std::make_shared<const Change>(ledger_->take_change({ballot_, base.sequence + 1}, mark));
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
