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
#include <utility>

#include "libcore/store/block.h"
#include "libcore/store/pack.h"
#include "libcore/store/store.h"

namespace ft::store {

/// Verified bytes of a chunk; they stay while this does.
struct Chunk {
    std::shared_ptr<const Bytes> block;  // shared with the cache and with other chunks of the block
    View bytes;
};

class Reader {
public:
    /// cache_bytes  of decompressed blocks that are kept.
    explicit Reader(Store& store, std::uint64_t cache_bytes = 32U << 20);

    /// Thread-safe. fails  damage, naming the pack and block, where no place gives the right bytes.
    [[nodiscard]] Chunk read(const ChunkRef& chunk);

private:
    using BlockKey = std::pair<std::uint32_t, std::uint32_t>;  // pack number, offset
    struct Cached {
        std::shared_ptr<const Bytes> bytes;  // null while it is being read
        std::list<BlockKey>::iterator used;
    };
    [[nodiscard]] Chunk read_at(const ChunkRef& chunk, const ChunkPlace& place);
    [[nodiscard]] std::shared_ptr<const Bytes> block(const ChunkPlace& place);
    [[nodiscard]] std::shared_ptr<const Bytes> fetch(const ChunkPlace& place);
    [[nodiscard]] std::shared_ptr<Object> pack(std::uint32_t number);
    void keep(const BlockKey& key, std::shared_ptr<const Bytes> bytes);
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
    std::vector<std::unique_ptr<BlockDecoder>> decoders_;     // idle ones
};

}  // namespace ft::store
