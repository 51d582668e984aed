#include "libcore/counter/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "libcore/base/failure.h"

namespace ft::counter {

namespace {

// Entries beyond the window: what is always kept, so that whole key blocks cover it (layout.h), and how many more there
// are before they are dropped, so that dropping costs little for each.
constexpr std::size_t margin = 256, slack = 2 * most_operations;

}  // namespace

std::string reason(const Outcome& outcome, const Head& head) {
    switch (outcome.kind) {
        case Outcome::Kind::done:
        case Outcome::Kind::repeated:
            return "";
        case Outcome::Kind::overflow:
            return fmt::format("the value {} would leave 64 bits", outcome.value);
        case Outcome::Kind::above_max:
            return fmt::format("the value {} would cross its maximum {}", outcome.value, head.max);
        case Outcome::Kind::below_min:
            return fmt::format("the value {} would cross its minimum {}", outcome.value, head.min);
        case Outcome::Kind::other_amount:
            return fmt::format("this key was used with the amount {} before", outcome.amount);
        case Outcome::Kind::unknown:
            return "no such reservation";
        case Outcome::Kind::decided:
            return "the reservation was decided the other way before";
        case Outcome::Kind::too_many:
            return "too many reservations are kept";
    }
    return "";
}

Window::Window(KeyWindow window, std::uint32_t keys) : window_(std::move(window)), keys_(keys) { index(); }

std::uint32_t& Window::place(const KeyId& key) {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t at = key.low & mask;; at = (at + 1) & mask) {
        std::uint32_t& found = places_[at];
        if (found == 0 || window_.entries[found - 1].key == key) return found;
    }
}

const Entry* Window::find(const KeyId& key) {
    const std::uint32_t found = place(key);
    // One that is kept may no longer be remembered: the same on every replica.
    if (found == 0 || window_.entries.size() - (found - 1) > keys_) return nullptr;
    return &window_.entries[found - 1];
}

void Window::append(const Entry& entry) {
    window_.entries.push_back(entry);
    if (window_.entries.size() > keys_ + margin + slack) return trim();
    if (2 * window_.entries.size() > places_.size()) return index();
    place(entry.key) = static_cast<std::uint32_t>(window_.entries.size());
}

void Window::trim() {
    window_.entries.erase(window_.entries.begin(), window_.entries.begin() + slack);
    window_.first += slack;
    index();
}

void Window::index() {
    constexpr std::size_t least = 1024;
    places_.assign(std::max(least, 2 * std::bit_ceil(window_.entries.size())), 0);
    for (std::uint32_t i = 0; i < window_.entries.size(); ++i) place(window_.entries[i].key) = i + 1;
}

Ledger::Ledger(Version version, Head head, Annex annex, std::uint32_t keys)
    : version_(version), head_(head), annex_(std::move(annex)), keys_(keys) {
    count_reserved();
}

void Ledger::give_window(KeyWindow window) {
    check(window.first + window.entries.size() == head_.keyed, "the window ends with the last keyed operation");
    window_.emplace(std::move(window), keys_);
}

State Ledger::state() const {
    check(window_.has_value(), "the whole state is asked for where the window is there");
    return {.version = version_, .head = head_, .annex = annex_, .window = window_->all()};
}

Outcome Ledger::apply(const Operation& operation) {
    switch (operation.kind) {
        case Operation::Kind::get:
            return answer(Outcome::Kind::done);
        case Operation::Kind::add:
            return add(operation);
        case Operation::Kind::reserve:
            return reserve(operation);
        case Operation::Kind::commit:
        case Operation::Kind::abort:
            return settle(operation);
        case Operation::Kind::forget:
            return forget(operation);
    }
    return answer(Outcome::Kind::unknown);
}

std::vector<Outcome> Ledger::apply(std::span<const Operation> operations) {
    constexpr std::size_t ahead = 12;
    std::vector<Outcome> outcomes;
    outcomes.reserve(operations.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (window_ && i + ahead < operations.size() && operations[i + ahead].key)
            window_->expect(*operations[i + ahead].key);
        outcomes.push_back(apply(operations[i]));
    }
    return outcomes;
}

Outcome::Kind Ledger::fits(std::int64_t amount) const {
    std::int64_t after = 0;
    if (__builtin_add_overflow(head_.value, amount, &after)) return Outcome::Kind::overflow;
    if (amount > 0 && after + reserved_up_ > head_.max) return Outcome::Kind::above_max;
    if (amount < 0 && after + reserved_down_ < head_.min) return Outcome::Kind::below_min;
    return Outcome::Kind::done;
}

Outcome Ledger::add(const Operation& operation) {
    if (operation.key) {
        check(window_.has_value(), "a keyed operation needs the window");
        if (const Entry* former = window_->find(*operation.key)) {
            if (former->amount != operation.amount)
                return {.kind = Outcome::Kind::other_amount, .value = head_.value, .amount = former->amount};
            return {.kind = Outcome::Kind::repeated, .value = former->answer};
        }
    }
    if (const Outcome::Kind fit = fits(operation.amount); fit != Outcome::Kind::done) return answer(fit);
    head_.value += operation.amount;
    changed_ = true;
    if (operation.key) {
        const Entry entry{*operation.key, operation.amount, head_.value};
        window_->append(entry);
        appended_.push_back(entry);
        ++head_.keyed;
    }
    return answer(Outcome::Kind::done);
}

Reservation* Ledger::find(const std::string& id) {
    const auto found =
        std::find_if(annex_.reservations.begin(), annex_.reservations.end(), [&](const auto& r) { return r.id == id; });
    return found == annex_.reservations.end() ? nullptr : &*found;
}

Outcome Ledger::reserve(const Operation& operation) {
    check(!operation.id.empty() && operation.id.size() <= longest_reservation_id, "a reservation has a short name");
    if (const Reservation* former = find(operation.id)) {
        if (former->amount != operation.amount)
            return {.kind = Outcome::Kind::other_amount, .value = head_.value, .amount = former->amount};
        return answer(former->phase == Reservation::Phase::aborted ? Outcome::Kind::decided : Outcome::Kind::repeated);
    }
    if (annex_.reservations.size() >= most_reservations) return answer(Outcome::Kind::too_many);
    if (const Outcome::Kind fit = fits(operation.amount); fit != Outcome::Kind::done) return answer(fit);
    annex_.reservations.push_back({.id = operation.id, .amount = operation.amount});
    count_reserved();
    changed_ = annex_changed_ = true;
    return answer(Outcome::Kind::done);
}

Outcome Ledger::settle(const Operation& operation) {
    using Phase = Reservation::Phase;
    const Phase wanted = operation.kind == Operation::Kind::commit ? Phase::committed : Phase::aborted;
    Reservation* reservation = find(operation.id);
    if (reservation == nullptr) return answer(Outcome::Kind::unknown);
    if (reservation->phase == wanted) return {.kind = Outcome::Kind::repeated, .value = reservation->answer};
    if (reservation->phase != Phase::prepared) return answer(Outcome::Kind::decided);
    // It was set aside when it was prepared; but who made that state may be another host.
    std::int64_t after = 0;
    if (__builtin_add_overflow(head_.value, reservation->amount, &after)) return answer(Outcome::Kind::overflow);
    if (wanted == Phase::committed) head_.value = after;
    reservation->phase = wanted;
    reservation->answer = head_.value;
    count_reserved();
    changed_ = annex_changed_ = true;
    return answer(Outcome::Kind::done);
}

Outcome Ledger::forget(const Operation& operation) {
    const Reservation* reservation = find(operation.id);
    if (reservation == nullptr) return answer(Outcome::Kind::repeated);
    if (reservation->phase == Reservation::Phase::prepared) return answer(Outcome::Kind::decided);
    std::erase_if(annex_.reservations, [&](const Reservation& r) { return r.id == operation.id; });
    changed_ = annex_changed_ = true;
    return answer(Outcome::Kind::done);
}

void Ledger::count_reserved() {
    reserved_up_ = reserved_down_ = 0;
    for (const Reservation& reservation : annex_.reservations)
        if (reservation.phase == Reservation::Phase::prepared)
            (reservation.amount > 0 ? reserved_up_ : reserved_down_) += reservation.amount;
}

void Ledger::set_charter(Charter charter) {
    annex_.charter = std::move(charter);
    changed_ = annex_changed_ = true;
}

Change Ledger::take_change(const Version& next, std::uint64_t mark) {
    head_.remember(mark);
    Change change{.base = version_, .next = next, .head = head_, .appended = std::move(appended_)};
    if (annex_changed_) change.annex = annex_;
    version_ = next;
    appended_.clear();
    changed_ = annex_changed_ = false;
    return change;
}

}  // namespace ft::counter
