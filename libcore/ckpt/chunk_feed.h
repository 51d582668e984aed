// The chunks of many files in the order in which they are written, verified several at once.
//
// Small files have one chunk each: a digest of one content at a time leaves half of a core idle (base/sha256_lanes.h).
//
//     ChunkFeed feed(reader);  for (...) feed.add(runs);
//     View bytes = feed.next(3);   // one to three chunks' bytes
#pragma once

#include <span>
#include <vector>

#include "libcore/source/entry.h"
#include "libcore/store/reader.h"

namespace ft::ckpt {

/// Verified bytes of several chunks that lie side by side.
struct Pieces {
    store::Chunk content;
    std::size_t count = 0;  ///< chunks
};

class ChunkFeed {
public:
    explicit ChunkFeed(store::Reader& reader) : reader_(reader) {}

    /// Holes are left out.
    void add(std::span<const source::Run> runs);

    /// The next chunks as one piece: at least one, at most `most`. Its bytes stay until the next call.
    ///
    /// fails  damage of the first of them.
    [[nodiscard]] Pieces next(std::size_t most);

private:
    store::Reader& reader_;
    std::vector<store::ChunkRef> chunks_;
    std::size_t begun_ = 0;            // chunks that were read
    std::vector<store::Chunk> ready_;  // verified, the last ones that were read
    std::size_t given_ = 0;            // of those
};

}  // namespace ft::ckpt
