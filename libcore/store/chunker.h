// Content-defined chunking: where to cut a byte stream so that equal content gives equal chunks wherever it stands.
//
// FastCDC (Xia et al., USENIX ATC 2016): a gear hash rolls over the content; a position whose hash has enough zero bits
// is a candidate cut; fewer bits are asked for beyond the normal size (normalised chunking). Here the hash of a
// position depends on the 64 bytes before it only, so that candidates can be found in any segment, on any thread, and
// the cuts are those of one pass.
//
//     auto candidates = find_candidates(segment, lookback, sizes);                     // parallel, the expensive part
//     auto end = next_cut(start, known, at_end, candidates, segment_start, sizes);     // serial, cheap
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libcore/base/bytes.h"

namespace ft::store {

/// Measured with these sizes: 73 KiB on average on random bytes, 78 to 79 KiB on a system's files (a tenth of the
/// chunks below 45 KiB, a tenth above 107 KiB, 1 to 2 % cut at max).
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

/// All candidates in `segment`, ascending.
///
/// segment  below 4 GiB.
/// before   the bytes just before it: gear_window of them (more do no harm), or all there are since the content began.
/// sizes    min <= normal <= max, normal >= 64; the mask has log2(normal) - 2 bits, the stricter one log2(normal) + 2.
[[nodiscard]] std::vector<Candidate> find_candidates(View segment, View before, const ChunkSizes& sizes);

/// The end of the chunk that starts at `start`: the first candidate at a length of min or more (a strong one below
/// normal), max at the latest. std::nullopt where more must be known first.
///
/// known       bytes of content that are known, from the same origin as start; all candidates up to there are given.
/// at_end      known is the content's end: what is left is the last chunk, perhaps shorter than min.
/// candidates  ascending; candidates_base + end is a position from the same origin as start, earlier ones do no harm.
[[nodiscard]] std::optional<std::uint64_t> next_cut(std::uint64_t start, std::uint64_t known, bool at_end,
                                                    std::span<const Candidate> candidates,
                                                    std::uint64_t candidates_base, const ChunkSizes& sizes);

/// The lengths of all chunks of one whole piece of content.
[[nodiscard]] std::vector<std::uint32_t> chunk_lengths(View content, const ChunkSizes& sizes);

}  // namespace ft::store
