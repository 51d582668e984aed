// The arithmetic of a counter: what an operation does to a state, and what it answers. Pure: no disk, no clock.
//
// A Ledger begins at a state, takes operations, and collects the Change that one commit makes durable. Nothing that it
// answers is true before that commit is.
//
//     Ledger ledger(state);  Outcome o = ledger.apply({.amount = 5});  Change c = ledger.take_change(next, mark);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/counter/state.h"

namespace ft::counter {

struct Operation {
    enum class Kind : std::uint8_t { get, add, reserve, commit, abort, forget };
    Kind kind = Kind::get;
    std::int64_t amount = 0;   ///< add, reserve: may be negative
    std::optional<KeyId> key;  ///< add: done once only, however often it is asked for
    std::string id;            ///< of a reservation: 1 to longest_reservation_id bytes
};

struct Outcome {
    enum class Kind : std::uint8_t {
        done,
        repeated,   ///< this key was done before, with this answer
        overflow,   ///< the value would leave 64 bits
        above_max,  ///< a bound would be crossed, counting what is reserved
        below_min,
        other_amount,  ///< this key (or reservation) was used with another amount
        unknown,       ///< no such reservation
        decided,       ///< the reservation was decided the other way
        too_many,      ///< no room for another reservation
    };
    Kind kind = Kind::done;
    std::int64_t value = 0;   ///< after the operation; where it was refused, the value as it is
    std::int64_t amount = 0;  ///< other_amount: the first one
    [[nodiscard]] bool accepted() const { return kind == Kind::done || kind == Kind::repeated; }
};

/// "would cross its maximum 100": why an operation was refused.
[[nodiscard]] std::string reason(const Outcome& outcome, const Head& head);

/// The last `keys` keyed operations, found by key.
class Window {
public:
    Window(KeyWindow window, std::uint32_t keys);
    [[nodiscard]] const Entry* find(const KeyId& key);
    /// This key will be asked for soon: what is remembered is larger than the processor's nearest memory.
    void expect(const KeyId& key) const { __builtin_prefetch(&places_[key.low & (places_.size() - 1)]); }
    void append(const Entry& entry);
    /// All that are kept, a little more than `keys`.
    [[nodiscard]] const KeyWindow& all() const { return window_; }

private:
    /// Where `key` stands in the table, or the empty place where it belongs.
    [[nodiscard]] std::uint32_t& place(const KeyId& key);
    void trim();
    /// Makes the table anew.
    void index();
    KeyWindow window_;
    std::uint32_t keys_;
    /// Open addressing, at most half full: the last entry of each key, as its index + 1; 0: none.
    std::vector<std::uint32_t> places_;
};

class Ledger {
public:
    /// keys  of Identity. The window may come later (give_window), before the first keyed operation.
    Ledger(Version version, Head head, Annex annex, std::uint32_t keys);

    [[nodiscard]] bool has_window() const { return window_.has_value(); }
    void give_window(KeyWindow window);
    [[nodiscard]] const Version& version() const { return version_; }
    [[nodiscard]] const Head& head() const { return head_; }
    [[nodiscard]] const Annex& annex() const { return annex_; }
    /// The whole state; needs the window.
    [[nodiscard]] State state() const;

    [[nodiscard]] Outcome apply(const Operation& operation);
    /// All of them, in order.
    [[nodiscard]] std::vector<Outcome> apply(std::span<const Operation> operations);
    void set_charter(Charter charter);
    [[nodiscard]] bool has_changed() const { return changed_; }
    /// Ends the change that was collected: this ledger is at `next` from now on. mark: head().marks gets it.
    [[nodiscard]] Change take_change(const Version& next, std::uint64_t mark);

private:
    [[nodiscard]] Outcome add(const Operation& operation);
    [[nodiscard]] Outcome reserve(const Operation& operation);
    [[nodiscard]] Outcome settle(const Operation& operation);
    [[nodiscard]] Outcome forget(const Operation& operation);
    /// Whether `amount` more fits between the bounds whatever becomes of the reservations.
    [[nodiscard]] Outcome::Kind fits(std::int64_t amount) const;
    [[nodiscard]] Outcome answer(Outcome::Kind kind) const { return {.kind = kind, .value = head_.value}; }
    [[nodiscard]] Reservation* find(const std::string& id);
    void count_reserved();

    Version version_;
    Head head_;
    Annex annex_;
    std::uint32_t keys_;
    std::optional<Window> window_;
    /// Of sums of what is reserved: most_reservations amounts of 64 bits fit.
    __extension__ using Wide = __int128;
    Wide reserved_up_ = 0, reserved_down_ = 0;  // sums of what is prepared, by sign; down is <= 0
    std::vector<Entry> appended_;
    bool changed_ = false, annex_changed_ = false;
};

}  // namespace ft::counter
