// Content-defined chunking: where to cut a byte stream so that equal content gives equal chunks wherever it stands.
//
// FastCDC (Xia et al., USENIX ATC 2016): a gear hash rolls over the content; a position whose hash has enough zero bits is a candidate
// cut; fewer bits are asked for beyond the normal size (normalised chunking). Here the hash of a position depends on the 64 bytes before
// it only, so that candidates can be found in any segment, on any thread, and the cuts are the same as those of one pass from the start.
//
//     std::vector<Candidate> c = find_candidates(segment, lookback);   // parallel, the expensive part
//     Cutter cutter; cutter.cut(c, ...)                                // serial, cheap
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libcore/base/bytes.h"

namespace ft::store {

struct ChunkSizes {
    std::uint32_t min = 16U << 10;
    std::uint32_t normal = 64U << 10;
    std::uint32_t max = 256U << 10;
};

/// Bytes before a position that its hash depends on.
inline constexpr std::size_t gear_window = 64;

/// A position where a chunk may end: `end` bytes from the segment's start lie before it.
struct Candidate {
    std::uint32_t end = 0;
    bool strong = false;  ///< also meets the stricter mask, asked for below the normal size
};

/// All candidates in `segment`, ascending. `before`: the bytes just before it (up to gear_window are used; empty at the content's start).
[[nodiscard]] std::vector<Candidate> find_candidates(View segment, View before, const ChunkSizes& sizes);

/// The end of the chunk that starts at `start` in content of which `known` bytes are known and candidates up to there (ascending, positions
/// counted from the same origin as start); std::nullopt where more must be known first. at_end: known is the content's end.
[[nodiscard]] std::optional<std::uint64_t> next_cut(std::uint64_t start, std::uint64_t known, bool at_end,
                                                    std::span<const Candidate> candidates, std::uint64_t candidates_base,
                                                    const ChunkSizes& sizes);

/// The lengths of all chunks of one whole piece of content.
[[nodiscard]] std::vector<std::uint32_t> chunk_lengths(View content, const ChunkSizes& sizes);

}  // namespace ft::store
