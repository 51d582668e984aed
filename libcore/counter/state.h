// What a counter is at one moment, and the words for it. Plain values; what changes them is pure (ledger.h).
//
// Every replica holds one State, whole. Its identity is its Version: whoever writes a state chooses a version that no
// other state has, so that equal versions mean equal states (Rystsov, "CASPaxos", 2018; the register is the State).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/hash.h"

namespace ft::counter {

/// The right to write: the higher one wins. `proposer` tells apart two that chose the same number.
struct Ballot {
    std::uint64_t number = 0;
    std::uint64_t proposer = lock_holder;
    auto operator<=>(const Ballot&) const = default;

    /// The ballots of whoever holds the locks of all members at once; others are drawn by chance.
    static constexpr std::uint64_t lock_holder = 0;
};

/// Identity of a state. A higher one was made from a majority that knew every lower one that was ever acknowledged.
struct Version {
    Ballot ballot;
    std::uint64_t sequence = 0;  ///< commits since creation, this one included
    auto operator<=>(const Version&) const = default;
};

/// 16 bytes that stand for a user's key (--key), made by key_id().
using KeyId = Fingerprint;
[[nodiscard]] KeyId key_id(std::string_view key);

/// A keyed operation that was done: what makes its repetition harmless.
struct Entry {
    KeyId key;
    std::int64_t amount = 0;
    std::int64_t answer = 0;  ///< the value after it
    auto operator<=>(const Entry&) const = default;
};

struct Member {
    Uuid replica;
    std::string locator;  ///< where its creator reached it (locator.h)
    auto operator<=>(const Member&) const = default;
};

/// Who votes. Changed by one member at a time; while `former` is not empty a change is under way, and majorities of
/// both are needed (Ongaro and Ousterhout, "Raft", 2014, section 6).
struct Charter {
    std::uint64_t epoch = 1;
    std::uint32_t threshold = 3;  ///< replicas at most
    std::vector<Member> members, former;
    auto operator<=>(const Charter&) const = default;
};

/// nullptr where it is none of them.
[[nodiscard]] const Member* find(const std::vector<Member>& members, const Uuid& replica);

/// An amount set aside under the id of a transaction, and what became of it.
struct Reservation {
    enum class Phase : std::uint8_t { prepared = 1, committed = 2, aborted = 3 };
    std::string id;  ///< 1 to 64 bytes
    std::int64_t amount = 0;
    Phase phase = Phase::prepared;
    std::int64_t answer = 0;  ///< the value after commit
    auto operator<=>(const Reservation&) const = default;
};

/// What changes seldom.
struct Annex {
    Charter charter;
    std::vector<Reservation> reservations;  ///< in order of preparation, until their coordinator forgets them
    auto operator<=>(const Annex&) const = default;
};

inline constexpr std::size_t remembered_commits = 16;

/// What every commit rewrites.
struct Head {
    std::int64_t value = 0;
    std::int64_t min = std::numeric_limits<std::int64_t>::min();
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::uint64_t keyed = 0;  ///< keyed operations ever; the window holds the last of them
    /// Marks of the last commits, the newest last: a writer that was interrupted finds out whether its commit is in.
    std::array<std::uint64_t, remembered_commits> marks{};
    auto operator<=>(const Head&) const = default;

    void remember(std::uint64_t mark);
};

/// Keys of one counter, oldest first; entries[0] is keyed operation number `first`, counted from 0.
struct KeyWindow {
    std::uint64_t first = 0;
    std::vector<Entry> entries;
    auto operator<=>(const KeyWindow&) const = default;
};

/// What never changes: written once, when the counter is made.
struct Identity {
    Uuid counter;
    std::uint32_t keys = 4096;  ///< keyed operations that are remembered at least
    Time created;
};

inline constexpr std::uint32_t most_keys = 65536;
inline constexpr std::size_t most_members = 15, longest_locator = 1024, longest_reservation_id = 64;
inline constexpr std::size_t most_operations = 4096;  ///< of one commit
inline constexpr std::size_t most_reservations = 512;

struct State {
    Version version;
    Head head;
    Annex annex;
    KeyWindow window;
};

/// The difference between two states that follow each other.
struct Change {
    Version base, next;
    Head head;
    std::vector<Entry> appended;  ///< at most most_operations
    std::optional<Annex> annex;   ///< where it changed
};

}  // namespace ft::counter
