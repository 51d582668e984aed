// Goal: the arithmetic is right at every edge: 64 bits, bounds, keys, reservations; and a refusal changes nothing.
#include "libcore/counter/ledger.h"

#include "tests/catch.h"
#include "tests/counter/samples.h"

namespace ft::counter {

namespace {

using Kind = Outcome::Kind;
using Do = Operation::Kind;
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

Ledger ledger_at(std::int64_t value, std::int64_t min = lowest, std::int64_t max = highest) {
    State state = zero();
    state.head.value = value;
    state.head.min = min;
    state.head.max = max;
    return ledger_of(state);
}

/// The outcome of a refused operation, having seen that nothing changed.
Kind refused(Ledger& ledger, const Operation& operation) {
    const Head head = ledger.head();
    const Annex annex = ledger.annex();
    const Outcome outcome = ledger.apply(operation);
    CHECK_FALSE(outcome.accepted());
    CHECK(outcome.value == head.value);
    CHECK(ledger.head() == head);
    CHECK(ledger.annex() == annex);
    CHECK_FALSE(ledger.has_changed());
    CHECK_FALSE(reason(outcome, head).empty());
    return outcome.kind;
}

/// The value after an operation that was done.
std::int64_t done(Ledger& ledger, const Operation& operation, Kind kind = Kind::done) {
    const Outcome outcome = ledger.apply(operation);
    CHECK(outcome.kind == kind);
    CHECK(reason(outcome, ledger.head()).empty());
    return outcome.value;
}

}  // namespace

TEST_CASE("sums are exact up to the ends of 64 bits, and refused beyond them", "[counter]") {
    Ledger up = ledger_at(highest - 2);
    CHECK(refused(up, add(3)) == Kind::overflow);
    CHECK(refused(up, add(highest)) == Kind::overflow);
    CHECK(done(up, add(2)) == highest);
    CHECK(done(up, {}) == highest);
    CHECK(done(up, add(lowest)) == -1);
    Ledger down = ledger_at(lowest + 2);
    CHECK(refused(down, add(-3)) == Kind::overflow);
    CHECK(refused(down, add(lowest)) == Kind::overflow);
    CHECK(done(down, add(-2)) == lowest);
    CHECK(done(down, add(highest)) == -1);
    Ledger zero = ledger_at(0);
    CHECK(done(zero, add(lowest)) == lowest);
    CHECK(done(zero, add(0)) == lowest);
}

TEST_CASE("bounds are never crossed, and a value beyond a bound may come back", "[counter]") {
    Ledger ledger = ledger_at(5, 0, 10);
    CHECK(refused(ledger, add(6)) == Kind::above_max);
    CHECK(refused(ledger, add(-6)) == Kind::below_min);
    CHECK(done(ledger, add(5)) == 10);
    CHECK(done(ledger, add(-10)) == 0);
    Ledger beyond = ledger_at(20, 0, 10);
    CHECK(done(beyond, add(-3)) == 17);
    Ledger same = ledger_at(20, 0, 10);
    CHECK(refused(same, add(1)) == Kind::above_max);
}

TEST_CASE("the same key is counted once and answered alike, with another amount it is an error", "[counter]") {
    Ledger ledger = ledger_at(10);
    CHECK(done(ledger, add(5, 1)) == 15);
    CHECK(done(ledger, add(7, 2)) == 22);
    CHECK(done(ledger, add(5, 1), Kind::repeated) == 15);
    CHECK(ledger.head().keyed == 2);
    (void)next_change(ledger);
    const Outcome other = ledger.apply(add(6, 1));
    CHECK(other.kind == Kind::other_amount);
    CHECK(other.amount == 5);
    CHECK(refused(ledger, add(6, 1)) == Kind::other_amount);
    CHECK(done(ledger, add(5, 1), Kind::repeated) == 15);
    CHECK_FALSE(ledger.has_changed());
}

TEST_CASE("a refusal is not remembered: the key may succeed later", "[counter]") {
    Ledger ledger = ledger_at(5, 0, 10);
    CHECK(refused(ledger, add(6, 1)) == Kind::above_max);
    CHECK(done(ledger, add(-4)) == 1);
    CHECK(done(ledger, add(6, 1)) == 7);
    CHECK(done(ledger, add(6, 1), Kind::repeated) == 7);
}

TEST_CASE("a key is forgotten after exactly so many keyed operations", "[counter]") {
    Ledger ledger = ledger_of(zero(), 3);
    for (std::uint64_t n = 0; n < 3; ++n) (void)done(ledger, add(1, n));
    CHECK(done(ledger, add(1, 0), Kind::repeated) == 1);
    CHECK(done(ledger, add(1, 3)) == 4);
    CHECK(done(ledger, add(1, 1), Kind::repeated) == 2);
    CHECK(done(ledger, add(1, 0)) == 5);  // counted again: the edge of the window
}

TEST_CASE("a change holds what one commit has to make durable, and nothing twice", "[counter]") {
    Ledger ledger = ledger_at(10);
    CHECK_FALSE(ledger.has_changed());
    (void)done(ledger, {});
    CHECK_FALSE(ledger.has_changed());
    (void)done(ledger, add(5, 1));
    (void)done(ledger, add(1));
    CHECK(ledger.has_changed());
    const Version before = ledger.version();
    const Change change = next_change(ledger);
    CHECK(change.base == before);
    CHECK(change.next == ledger.version());
    CHECK(change.head == ledger.head());
    CHECK(change.head.value == 16);
    CHECK(change.head.marks.back() == change.next.sequence);
    CHECK(change.appended == std::vector<Entry>{{key(1), 5, 15}});
    CHECK_FALSE(change.annex);
    CHECK_FALSE(ledger.has_changed());
    (void)done(ledger, on(Do::reserve, "t", 1));
    const Change second = next_change(ledger);
    CHECK(second.appended.empty());
    CHECK(second.annex == ledger.annex());
    Charter charter = ledger.annex().charter;
    charter.epoch = 8;
    ledger.set_charter(charter);
    CHECK(next_change(ledger).annex->charter.epoch == 8);
}

TEST_CASE("what is reserved fits whatever becomes of it", "[counter]") {
    Ledger ledger = ledger_at(5, 0, 10);
    CHECK(done(ledger, on(Do::reserve, "up", 4)) == 5);
    CHECK(done(ledger, on(Do::reserve, "down", -3)) == 5);
    (void)next_change(ledger);
    CHECK(refused(ledger, add(2)) == Kind::above_max);  // 5 + 2 + 4
    CHECK(refused(ledger, add(-3)) == Kind::below_min);
    CHECK(refused(ledger, on(Do::reserve, "more", 2)) == Kind::above_max);
    CHECK(refused(ledger, on(Do::reserve, "less", -3)) == Kind::below_min);
    CHECK(done(ledger, add(1)) == 6);
    CHECK(done(ledger, add(-3)) == 3);
    CHECK(done(ledger, on(Do::commit, "down")) == 0);
    CHECK(done(ledger, on(Do::commit, "up")) == 4);
    CHECK(done(ledger, add(6)) == 10);
}

TEST_CASE("what is aborted is free again", "[counter]") {
    Ledger ledger = ledger_at(5, 0, 10);
    (void)done(ledger, on(Do::reserve, "t", 5));
    CHECK(done(ledger, on(Do::abort, "t")) == 5);
    CHECK(done(ledger, add(5)) == 10);
}

TEST_CASE("reservations are settled once, and asked again answer alike", "[counter]") {
    Ledger ledger = ledger_at(10);
    CHECK(refused(ledger, on(Do::commit, "t")) == Kind::unknown);
    CHECK(refused(ledger, on(Do::abort, "t")) == Kind::unknown);
    CHECK(done(ledger, on(Do::forget, "t"), Kind::repeated) == 10);
    (void)done(ledger, on(Do::reserve, "t", 5));
    CHECK(done(ledger, on(Do::reserve, "t", 5), Kind::repeated) == 10);
    (void)next_change(ledger);
    CHECK(refused(ledger, on(Do::reserve, "t", 6)) == Kind::other_amount);
    CHECK(refused(ledger, on(Do::forget, "t")) == Kind::decided);  // not before it is settled
    CHECK(done(ledger, on(Do::commit, "t")) == 15);
    (void)done(ledger, add(100));
    CHECK(done(ledger, on(Do::commit, "t"), Kind::repeated) == 15);
    CHECK(done(ledger, on(Do::reserve, "t", 5), Kind::repeated) == 115);
    (void)next_change(ledger);
    CHECK(refused(ledger, on(Do::abort, "t")) == Kind::decided);
    CHECK(done(ledger, on(Do::forget, "t")) == 115);
    CHECK(ledger.annex().reservations.empty());
    (void)done(ledger, on(Do::reserve, "u", 5));
    CHECK(done(ledger, on(Do::abort, "u")) == 115);
    CHECK(done(ledger, on(Do::abort, "u"), Kind::repeated) == 115);
    (void)next_change(ledger);
    CHECK(refused(ledger, on(Do::commit, "u")) == Kind::decided);
    CHECK(refused(ledger, on(Do::reserve, "u", 5)) == Kind::decided);
    CHECK(done(ledger, {}) == 115);
}

TEST_CASE("reservations of more than 64 bits together are exact", "[counter]") {
    Ledger ledger = ledger_at(lowest);
    (void)done(ledger, on(Do::reserve, "a", highest));
    (void)done(ledger, on(Do::reserve, "b", highest));
    (void)next_change(ledger);
    CHECK(refused(ledger, on(Do::reserve, "c", highest)) == Kind::above_max);
    (void)done(ledger, on(Do::reserve, "c", 1));
    CHECK(done(ledger, on(Do::commit, "a")) == -1);
    CHECK(done(ledger, on(Do::commit, "b")) == highest - 1);
    CHECK(done(ledger, on(Do::commit, "c")) == highest);
    const Bytes bytes = encode(ledger.annex());
    CHECK(decode_annex(bytes, "") == ledger.annex());
}

TEST_CASE("a reservation that another host has made up does not overflow", "[counter]") {
    State state = zero();
    state.head.value = highest;
    state.annex.reservations = {{.id = "t", .amount = highest}};
    Ledger ledger = ledger_of(state);
    CHECK(refused(ledger, on(Do::commit, "t")) == Kind::overflow);
}

TEST_CASE("reservations are bounded in number, and all of them fit an annex", "[counter]") {
    Ledger ledger = ledger_at(0);
    Charter charter{.epoch = 1, .threshold = 15};
    for (unsigned i = 0; i < most_members; ++i) charter.members.push_back({uuid(i), std::string(longest_locator, 'x')});
    charter.former = charter.members;
    ledger.set_charter(charter);
    for (std::size_t i = 0; i < most_reservations; ++i) {
        std::string id = std::to_string(i);
        id.resize(longest_reservation_id, '-');
        (void)done(ledger, on(Do::reserve, id, 1));
    }
    (void)next_change(ledger);
    CHECK(refused(ledger, on(Do::reserve, "one more", 1)) == Kind::too_many);
    const Bytes bytes = encode(ledger.annex());
    CHECK(bytes.size() <= most_annex_bytes);
    CHECK(decode_annex(bytes, "") == ledger.annex());
}

TEST_CASE("a ledger that is made from its own state goes on alike", "[counter]") {
    Ledger ledger = ledger_at(5, -100, 100);
    (void)done(ledger, add(5, 1));
    (void)done(ledger, on(Do::reserve, "t", 80));
    (void)next_change(ledger);
    Ledger again = ledger_of(ledger.state());
    CHECK(refused(again, add(20)) == Kind::above_max);
    CHECK(done(again, add(5, 1), Kind::repeated) == 10);
    CHECK(done(again, on(Do::commit, "t")) == 90);
}

}  // namespace ft::counter
