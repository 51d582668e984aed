// Exact adds: one after the other under a lock that dies with its holder; each has its own answer, bounds hold, and a
// key is counted once.
//
// What a commit is, is one store (flip.h). A keyed add is written to the ring where the committed state does not look,
// and becomes part of it with that store; into the table of keys it is linked by the next keyed add, which begins with
// that (again, if the one before was killed while it did). So a holder may be killed anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/counter/ledger.h"
#include "libcore/shm/segment.h"

namespace ft::shm {

/// The value at one moment, and the last keyed adds that belong to it.
struct Snapshot {
    std::int64_t value = 0;
    std::uint64_t keyed = 0;              ///< keyed adds ever
    std::vector<counter::Entry> entries;  ///< numbers [keyed - entries.size(), keyed)
};

class ExactAdds {
public:
    ExactAdds(Segment& segment, Clock& clock);

    /// Thread-safe. fails  busy, gone or damage(), and then nothing was counted.
    [[nodiscard]] counter::Outcome add(std::int64_t amount, const counter::KeyId* key);
    /// The value and keyed, without entries. Does not wait for adds.
    [[nodiscard]] Snapshot now();
    /// entries: from number `since` on; where that is no longer there, as many as are: those remembered, and some more.
    [[nodiscard]] Snapshot snapshot(std::uint64_t since);

    /// The first state, in memory that nobody else sees; `state.entries` end with the last keyed add.
    static void begin(Segment& segment, const Snapshot& state);

private:
    [[nodiscard]] counter::Outcome::Kind fits(std::int64_t value, std::int64_t amount) const;
    /// The keyed add, if it is remembered.
    [[nodiscard]] std::optional<counter::Entry> find(const counter::KeyId& key, std::uint64_t keyed);
    /// Makes the newest keyed add one that find() meets.
    void link_newest(std::uint64_t keyed);
    [[nodiscard]] const KeyRecord& record(std::uint64_t ordinal);

    Segment& segment_;
    Clock& clock_;
};

}  // namespace ft::shm
