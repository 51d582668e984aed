// Counters to test with.
#pragma once

#include <string>

#include "libcore/base/failure.h"
#include "libcore/counter/layout.h"
#include "libcore/counter/ledger.h"

namespace ft::counter {

/// Bytes first, first+1, ...
[[nodiscard]] Uuid uuid(unsigned first);
/// The n-th of many keys.
[[nodiscard]] KeyId key(std::uint64_t n);
/// Keyed operation number n.
[[nodiscard]] Entry entry(std::uint64_t n);
/// Keyed operations [first, end).
[[nodiscard]] KeyWindow window(std::uint64_t first, std::uint64_t end);
/// One member, and as many reservations in turning phases.
[[nodiscard]] Annex annex(std::size_t reservations = 0);
[[nodiscard]] Header header(std::uint32_t keys = 4096);
/// A state in which no two numbers are equal, after so many keyed operations, all of them kept.
[[nodiscard]] State state(std::uint64_t keyed = 0, std::size_t reservations = 0);
/// What an empty counter is.
[[nodiscard]] State zero();
[[nodiscard]] Ledger ledger_of(const State& state, std::uint32_t keys = 4096);
[[nodiscard]] inline Operation add(std::int64_t amount) { return {.kind = Operation::Kind::add, .amount = amount}; }
[[nodiscard]] inline Operation add(std::int64_t amount, std::uint64_t with_key) {
    return {.kind = Operation::Kind::add, .amount = amount, .key = key(with_key)};
}
[[nodiscard]] inline Operation on(Operation::Kind kind, const std::string& id, std::int64_t amount = 0) {
    return {.kind = kind, .amount = amount, .id = id};
}
/// The next change of a ledger; its sequence is one higher.
[[nodiscard]] Change next_change(Ledger& ledger);

/// Why `call` reports damage; "" where it reports none.
template <class Call>
[[nodiscard]] std::string damage_of(Call call) {
    try {
        (void)call();
    } catch (const Failure& failure) {
        return failure.exit() == Exit::damage ? failure.parts().why : "not damage: " + std::string(failure.what());
    }
    return "";
}

}  // namespace ft::counter
