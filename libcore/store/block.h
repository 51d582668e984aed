// A block: consecutive new chunks compressed together, the unit of compression and of reading.
//
// FORMAT.md section 3. The checksum covers the stored bytes, so that decay is found before a decompressor sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "libcore/base/bytes.h"

namespace ft::store {

inline constexpr std::size_t block_header_size = 24;
inline constexpr std::uint32_t block_raw_limit = 4U << 20;  ///< decoders refuse more
inline constexpr std::uint32_t block_target = 1U << 20;  ///< an open block is closed before it would grow beyond this

enum class Transform : std::uint8_t { none = 0, zstd = 1 };

/// Makes blocks; one per thread (owns a compression context).
class BlockEncoder {
public:
    /// level  of zstd, 1 to 19; negative ones are its fast levels.
    explicit BlockEncoder(int level);
    ~BlockEncoder();
    BlockEncoder(const BlockEncoder&) = delete;
    BlockEncoder& operator=(const BlockEncoder&) = delete;
    /// The whole block, header and payload, valid until the next call.
    [[nodiscard]] View encode(View raw);

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// Undoes blocks; one per thread (owns a decompression context).
class BlockDecoder {
public:
    BlockDecoder();
    ~BlockDecoder();
    BlockDecoder(const BlockDecoder&) = delete;
    BlockDecoder& operator=(const BlockDecoder&) = delete;
    /// The raw bytes of a stored block, in `memory`; damage where anything does not fit.
    [[nodiscard]] View decode(View stored, Scratch& memory, std::string_view where);

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// Only what needs no decompression: lengths and checksum.
void check_block(View stored, std::string_view where);

}  // namespace ft::store
