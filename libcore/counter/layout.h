// What lies where in a replica's file, and the bytes of each part (FORMAT.md). Encoders and decoders only; who writes
// what when is replica_file.h.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "libcore/counter/block.h"
#include "libcore/counter/state.h"

namespace ft::counter {

inline constexpr std::size_t keys_per_block = 112;
inline constexpr std::size_t annex_blocks = 20;                                   ///< of one copy
inline constexpr std::size_t most_sealed = most_operations / keys_per_block + 1;  ///< key blocks of one commit

/// Block numbers. Every block has two copies, side by side: both are read at once, and written at once.
struct Layout {
    std::uint64_t key_positions = 0;  ///< of the ring

    explicit Layout(std::uint32_t keys) : key_positions(kept_key_blocks(keys) + most_sealed + 1) {}
    static constexpr std::uint64_t header(unsigned copy) { return copy; }
    static constexpr std::uint64_t slot(unsigned slot, unsigned copy) { return 2 + 2 * slot + copy; }
    static constexpr std::uint64_t annex(unsigned place, unsigned copy, std::uint64_t block = 0) {
        return 6 + 2 * (place * annex_blocks + block) + copy;
    }
    [[nodiscard]] std::uint64_t keys(std::uint64_t key_block, unsigned copy) const {
        return first_key + 2 * (key_block % key_positions) + copy;
    }
    [[nodiscard]] std::uint64_t blocks() const { return first_key + 2 * key_positions; }

    /// Full key blocks that hold at least `keys` keys, wherever the newest lies in its block.
    static constexpr std::uint64_t kept_key_blocks(std::uint32_t keys) {
        return (keys + keys_per_block - 1) / keys_per_block + 1;
    }
    static constexpr std::uint64_t first_key = 6 + 4 * annex_blocks;
    /// Read at once: all that an opening needs, where the annex is short and lies in its first place.
    static constexpr std::uint64_t opening = 8;
};

struct Header {
    Identity identity;
    Uuid replica;
    [[nodiscard]] std::uint64_t salt() const;
};

/// Where the annex lies, bound by its checksum.
struct AnnexAt {
    std::uint8_t place = 0;
    std::uint64_t generation = 0;  ///< of its blocks
    std::uint32_t size = 0;        ///< bytes
    std::uint64_t checksum = 0;
    auto operator<=>(const AnnexAt&) const = default;
};

/// The block that a commit is: all that follows from it is bound by checksums in it.
struct Tail {
    Uuid replica, counter;
    Ballot promise;  ///< no write under a lower one is taken any more
    Version version;
    Head head;
    AnnexAt annex;
    std::uint64_t first_key_block = 0;  ///< the oldest that is kept
    std::uint64_t newest_keys = 0;      ///< checksum of the payload of the newest key block; 0: none
    std::uint16_t sealed = 0;           ///< key blocks that this commit wrote: they may be torn with it
    std::vector<Entry> pending;         ///< keys since the newest key block

    /// Key blocks ever: each full of keys.
    [[nodiscard]] std::uint64_t key_blocks() const { return head.keyed / keys_per_block; }
};

/// Keys [number * keys_per_block, ...), bound to their predecessors.
struct KeyBlock {
    Uuid replica;
    std::uint64_t number = 0;
    std::uint64_t before = 0;  ///< checksum of the payload of the key block before
    std::vector<Entry> entries;
};

/// A header's fields alone, without what makes a block of them.
void put(Encoder& out, const Header& header);
/// As encode().
void put(Encoder& out, const Tail& tail);
void put(Encoder& out, const KeyBlock& keys);
[[nodiscard]] Header take_header(Decoder& in);
/// All of them throw damage() for what they do not understand; `where` is the file.
[[nodiscard]] Bytes encode(const Header& header);
[[nodiscard]] Header decode_header(View payload, std::string_view where);
[[nodiscard]] Bytes encode(const Tail& tail);
[[nodiscard]] Tail decode_tail(View payload, std::string_view where);
[[nodiscard]] Bytes encode(const KeyBlock& keys);
[[nodiscard]] KeyBlock decode_keys(View payload, std::string_view where);
[[nodiscard]] Bytes encode(const Annex& annex);
[[nodiscard]] Annex decode_annex(View bytes, std::string_view where);
inline constexpr std::size_t most_annex_bytes = annex_blocks * block_payload;
static_assert(32 + 2 * most_members * (18 + longest_locator) + most_reservations * (18 + longest_reservation_id) <=
                  most_annex_bytes,
              "every annex fits its place");

}  // namespace ft::counter
