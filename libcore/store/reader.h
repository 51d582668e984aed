// Chunks out of a store, verified: the only way in which stored bytes reach anybody.
//
// Each block is read and decompressed once while it stays in the cache, whoever asks; each chunk's digest is checked
// before it is handed out. Where the index knows several places of a chunk, a damaged one is passed over.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/store/block.h"
#include "libcore/store/pack.h"
#include "libcore/store/store.h"

namespace ft::store {

/// The content of a block.
struct DecodedBlock {
    Scratch memory;
    View bytes;
};

/// Verified bytes of one or more chunks; they stay while this does.
struct Chunk {
    std::shared_ptr<const DecodedBlock> block;  // shared with the cache and with other chunks of the block
    View bytes;
};

class Reader {
public:
    /// cache_bytes  of decompressed blocks that are kept.
    explicit Reader(Store& store, std::uint64_t cache_bytes = 32U << 20);

    /// Thread-safe. fails  damage, naming the pack and block, where no place gives the right bytes.
    [[nodiscard]] Chunk read(const ChunkRef& chunk);

    /// How many of the first chunks lie side by side in one block, in this order; at least 1. Thread-safe.
    [[nodiscard]] std::size_t together(std::span<const ChunkRef> chunks);
    /// These chunks as one piece: no more than together() says. As read_front, but all of them.
    [[nodiscard]] Chunk read_together(std::span<const ChunkRef> chunks);
    /// Those of the first chunks that lie in one block, in any order, and are sound; at least the first. As read, but
    /// several digests are computed at once. Thread-safe.
    [[nodiscard]] std::vector<Chunk> read_front(std::span<const ChunkRef> chunks);

private:
    using BlockKey = std::pair<std::uint32_t, std::uint32_t>;  // pack number, offset
    struct Cached {
        std::shared_ptr<DecodedBlock> block;  // null while it is being read
        std::list<BlockKey>::iterator used;
    };
    /// A thread's tools for one block, used again.
    struct Tools {
        BlockDecoder decoder;
        Scratch stored;
    };
    [[nodiscard]] std::vector<ChunkPlace> places_of(const ChunkRef& chunk);
    [[nodiscard]] Chunk read_at(const ChunkRef& chunk, const ChunkPlace& place);
    [[nodiscard]] std::vector<ChunkPlace> in_one_block(std::span<const ChunkRef> chunks) const;
    [[nodiscard]] std::vector<Chunk> unverified(std::span<const ChunkPlace> places);
    [[nodiscard]] Failure wrong_digest(const ChunkPlace& place);
    [[nodiscard]] std::shared_ptr<const DecodedBlock> block(const ChunkPlace& place);
    [[nodiscard]] std::shared_ptr<DecodedBlock> fetch(const ChunkPlace& place);
    [[nodiscard]] std::shared_ptr<Object> pack(std::uint32_t number);
    void keep(const BlockKey& key, std::shared_ptr<DecodedBlock> block);
    void forget(const BlockKey& key);

    Store& store_;
    Index& index_;
    std::uint64_t cache_bytes_;
    std::mutex mutex_;
    std::condition_variable read_;
    std::map<BlockKey, Cached> cache_;
    std::list<BlockKey> recent_;  // front: used last
    std::uint64_t cached_bytes_ = 0;
    std::map<std::uint32_t, std::shared_ptr<Object>> packs_;  // shared with reads under way
    std::vector<std::unique_ptr<Tools>> idle_;
    std::vector<std::shared_ptr<DecodedBlock>> spare_;  // nobody's any more: memory to use again
};

}  // namespace ft::store
