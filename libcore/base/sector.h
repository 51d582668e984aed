// Sectors of 512 bytes, each with its own generation, place and checksum: what lies in a file that is written in place.
//
// A disk writes a sector whole or not at all. So a write that a power cut has torn leaves whole sectors of two
// generations, and what has rotted, or was written to the wrong place, is a sector that fits nothing. The first was
// never acknowledged, the second may have been.
//
//     offset size field
//     0      488  payload
//     488    8    generation: which write made it
//     496    8    number of the sector in its file
//     504    8    checksum (XXH3-64) of bytes 0 to 503, XOR the file's salt
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "libcore/base/bytes.h"

namespace ft {

inline constexpr std::size_t sector_size = 512;
inline constexpr std::size_t sector_payload = sector_size - 24;

/// Where a sector belongs.
struct SectorPlace {
    std::uint64_t number = 0;
    std::uint64_t salt = 0;  ///< of the file: drawn by chance
};

/// Makes a sector of its payload, which lies in its first bytes already.
void seal_sector(std::span<std::byte, sector_size> sector, std::uint64_t generation, SectorPlace place);
/// Its generation; std::nullopt where it is not what was ever written there.
[[nodiscard]] std::optional<std::uint64_t> sector_generation(std::span<const std::byte, sector_size> sector,
                                                             SectorPlace place);

}  // namespace ft
