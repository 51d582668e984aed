#include "tests/counter/samples.h"

namespace ft::counter {

Uuid uuid(unsigned first) {
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<std::byte>(first + i);
    return uuid;
}

KeyId key(std::uint64_t n) {
    const std::string text = "key " + std::to_string(n);
    return fingerprint_of(view_of(text), 0);
}

Entry entry(std::uint64_t n) {
    return {.key = key(n), .amount = static_cast<std::int64_t>(n) - 5, .answer = static_cast<std::int64_t>(1000 + n)};
}

KeyWindow window(std::uint64_t first, std::uint64_t end) {
    KeyWindow window{.first = first};
    for (std::uint64_t n = first; n < end; ++n) window.entries.push_back(entry(n));
    return window;
}

Annex annex(std::size_t reservations) {
    Annex annex{.charter = {.epoch = 7, .threshold = 5, .members = {{uuid(100), "jobs"}}}};
    for (std::size_t i = 0; i < reservations; ++i)
        annex.reservations.push_back({.id = "transaction " + std::to_string(i),
                                      .amount = static_cast<std::int64_t>(i) - 3,
                                      .phase = static_cast<Reservation::Phase>(1 + i % 3),
                                      .answer = static_cast<std::int64_t>(50 + i)});
    return annex;
}

Header header(std::uint32_t keys) {
    return {.identity = {.counter = uuid(1), .keys = keys, .created = {1'800'000'000, 5}}, .replica = uuid(100)};
}

State zero() { return {.version = {{1, 0}, 1}, .annex = annex()}; }

State state(std::uint64_t keyed, std::size_t reservations) {
    Head head{.value = 17, .min = -1000, .max = 2000, .keyed = keyed};
    for (std::uint64_t mark = 900; mark < 916; ++mark) head.remember(mark);
    return {.version = {{3, 4}, 5}, .head = head, .annex = annex(reservations), .window = window(0, keyed)};
}

Ledger ledger_of(const State& state, std::uint32_t keys) {
    Ledger ledger(state.version, state.head, state.annex, keys);
    ledger.give_window(state.window);
    return ledger;
}

Change next_change(Ledger& ledger) {
    Version next = ledger.version();
    ++next.sequence;
    return ledger.take_change(next, next.sequence);
}

}  // namespace ft::counter
