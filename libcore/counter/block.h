// Blocks of a replica's file: 4 KiB in eight sectors, each with its own place, generation and checksum.
//
// A disk writes a sector whole or not at all. So a block that a power cut has torn shows whole sectors of two
// generations, and one that has rotted, or was written to the wrong place, shows a sector that fits nothing: the first
// was never acknowledged, the second may have been. Layout in FORMAT.md, section 1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/sector.h"

namespace ft::counter {

inline constexpr std::size_t block_size = 4096;
inline constexpr std::size_t sectors_per_block = block_size / sector_size;
inline constexpr std::size_t block_payload = sectors_per_block * sector_payload;  ///< 3904 bytes

/// As direct writes want it.
struct alignas(block_size) Block {
    std::array<std::byte, block_size> bytes;
};
static_assert(sizeof(Block) == block_size);

/// Where a block belongs: its number in the file, and the file (a number drawn by chance, 0 for headers).
struct Place {
    std::uint64_t number = 0;
    std::uint64_t salt = 0;
};

/// payload  at most block_payload bytes; the rest is zeros.
void seal(View payload, std::uint64_t generation, Place place, Block& into);

struct Opened {
    enum class Found : std::uint8_t {
        whole,
        torn,    ///< sound sectors of more than one generation
        rotten,  ///< some sector is not what was ever written there
    };
    Found found = Found::rotten;
    std::uint64_t generation = 0;  ///< the highest of its sound sectors
    Bytes payload;                 ///< of a whole one: block_payload bytes
};
[[nodiscard]] Opened open(const Block& block, Place place);

[[nodiscard]] inline View bytes_of(const std::vector<Block>& blocks) { return std::as_bytes(std::span(blocks)); }

}  // namespace ft::counter
