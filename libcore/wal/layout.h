// The bytes of a log (FORMAT.md): blocks of eight sealed sectors; the first block is the header, then batches follow.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "libcore/base/hash.h"
#include "libcore/base/sector.h"
#include "libcore/wal/log.h"

namespace ft::wal {

inline constexpr std::size_t block_size = 4096;
inline constexpr std::size_t sectors_per_block = block_size / sector_size;
inline constexpr std::size_t block_payload = sectors_per_block * sector_payload;  ///< 3904 bytes
inline constexpr std::uint64_t most_blocks = (1U << 30) / block_size;             ///< of a log's file

/// As direct writes want it.
struct alignas(block_size) Block {
    std::array<std::byte, block_size> bytes{};
    [[nodiscard]] std::span<const std::byte, sector_size> sector(std::size_t i) const {
        return std::span<const std::byte, sector_size>(bytes.data() + i * sector_size, sector_size);
    }
    [[nodiscard]] std::span<std::byte, sector_size> sector(std::size_t i) {
        return std::span<std::byte, sector_size>(bytes.data() + i * sector_size, sector_size);
    }
};
static_assert(sizeof(Block) == block_size);
[[nodiscard]] inline View bytes_of(std::span<const Block> blocks) { return std::as_bytes(blocks); }

struct Header {
    Uuid log;
    Uuid owner;
    std::uint64_t blocks = 0;  ///< of the file as it was made
    /// Of the sectors of its batches.
    [[nodiscard]] std::uint64_t salt() const;
};
/// One copy in each sector.
[[nodiscard]] Block encode(const Header& header);
/// where  for failures.   fails  damage() where no copy is whole, or it is no log, or of a newer version.
[[nodiscard]] Header decode_header(const Block& block, std::string_view where);

struct Batch {
    std::uint64_t sequence = 0;  ///< from 1, without gaps
    std::uint64_t room = 0;      ///< blocks of the file that are zeros or batches, durably, once this one is durable
    std::vector<Record> records;
};
/// How many blocks it takes.
[[nodiscard]] std::uint64_t blocks_for(const std::vector<Record>& records);
/// first  number of its first block in the file.
[[nodiscard]] std::vector<Block> seal(const Batch& batch, std::uint64_t first, std::uint64_t salt);

struct Opened {
    enum class Found : std::uint8_t {
        whole,
        torn,   ///< some of its sectors are not there
        wrong,  ///< all are there, and make no batch
    };
    Found found = Found::torn;
    Batch batch;               ///< whole; else its number alone
    std::uint64_t blocks = 1;  ///< whole: that it takes
};
/// The batch that begins at block `first` of these; std::nullopt where its first sector is not there.
[[nodiscard]] std::optional<Opened> open(std::span<const Block> file, std::uint64_t first, std::uint64_t salt);

}  // namespace ft::wal
