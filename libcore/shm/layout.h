// What lies where in the segment of a shared counter (FORMAT.md): a header that never changes, words that change, and
// for exact counters the keys.
//
// Nothing in the part that changes is trusted: whatever is read there is bounded before it is used.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "libcore/base/bytes.h"
#include "libcore/counter/state.h"
#include "libcore/shm/flip.h"
#include "libcore/shm/mutex.h"

namespace ft::shm {

/// plain: adds are summed on read, at the speed of the processor, without keys and bounds.
/// exact: one add after the other, each with its own answer.
enum class Kind : std::uint32_t { plain = 1, exact = 2 };

/// That the counter is kept in a file too, not later than so.
struct Flush {
    std::chrono::nanoseconds period{};
    std::string path;
    auto operator<=>(const Flush&) const = default;
};

/// What is asked for when a counter is made.
struct Shape {
    Kind kind = Kind::plain;
    std::int64_t start = 0;
    std::int64_t min = std::numeric_limits<std::int64_t>::min();  ///< exact only, as are max and keys
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::uint32_t keys = 4096;  ///< keyed adds that are remembered: 1 to counter::most_keys
    std::optional<Flush> flush;
};

/// What never changes of a segment.
struct Header {
    Shape shape;
    Uuid counter;
    std::uint64_t incarnation = 0;  ///< drawn by chance: tells this segment from one made again from its file
    Time created;
    counter::Version base;        ///< of its file, when the segment was made
    std::uint64_t first_key = 0;  ///< keyed adds that are older than what the segment ever knew
    std::string boot;             ///< id of the machine's run in which it was made
    std::uint64_t inode = 0;      ///< of the segment: a copy of it has another one
};

inline constexpr std::size_t header_bytes = 4096, longest_path = 1024, longest_boot = 64;

/// The header's block, sealed with its checksum.
[[nodiscard]] Bytes encode(const Header& header);
/// fails  damage() for what is no header, was changed, or is of another version. `where` names the segment.
[[nodiscard]] Header decode_header(View block, std::string_view where);

inline constexpr std::size_t lane_count = 64;

/// Where the plain adds of one process go; two cache lines, because processors fetch them in pairs.
struct alignas(128) Lane {
    Word raw;                          ///< sum of all its adds, modulo 2^64
    Word mark;                         ///< what of raw is settled; a hint, the truth is in Settled
    std::atomic<std::uint32_t> owner;  ///< pid, 0: nobody. Only a matter of speed: any process may add here.
};
static_assert(sizeof(Lane) == 128);

/// A keyed add. Written and read under the lock only.
struct alignas(64) KeyRecord {
    std::uint64_t key_low = 0, key_high = 0;
    std::uint64_t amount = 0, answer = 0;
    std::uint64_t ordinal = 0;  ///< of the keyed add, counted from 1; 0: never used
    std::uint64_t before = 0;   ///< ordinal of the one before it at the same place of the table; 0: none
    std::uint64_t check = 0;    ///< check_word over the others
};
static_assert(sizeof(KeyRecord) == 64);

using Exact = Flip<2>;                 ///< value, keyed adds ever
using Settled = Flip<1 + lane_count>;  ///< sum of what is settled, raw of each lane when it was
using Flushed = Flip<5>;               ///< value, keyed, monotonic ns, seconds and ns since 1970

/// The words of every segment that change.
struct Control {
    Mutex lock;
    alignas(64) Exact exact;
    alignas(64) Settled settled;
    alignas(64) Mutex flush_lock;
    alignas(64) Flushed flushed;
    alignas(64) std::atomic<std::uint32_t> gone;  ///< 1: the counter was removed
};

/// Byte positions.
struct Layout {
    explicit Layout(const Shape& shape);
    static constexpr std::size_t control = header_bytes;
    static constexpr std::size_t lanes = header_bytes + 4096;
    static constexpr std::size_t table = lanes + lane_count * sizeof(Lane);
    std::size_t places = 0;   ///< of the table; a power of two, 0 for plain counters
    std::size_t records = 0;  ///< of the ring: twice as many, at least 1024
    /// On a line's border.
    [[nodiscard]] std::size_t ring() const { return table + (places * sizeof(Word) + 63) / 64 * 64; }
    [[nodiscard]] std::size_t bytes() const;
};
static_assert(sizeof(Control) <= 4096 && sizeof(Exact) == 56 && sizeof(Settled) == 1064 && sizeof(Flushed) == 104,
              "control is as FORMAT.md says");

}  // namespace ft::shm
