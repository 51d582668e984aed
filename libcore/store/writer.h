// One save's session with a store: takes chunks from several threads, keeps each new one once, and publishes a
// manifest.
//
// Order, and why it is safe: packs become durable, then the index that names their chunks, then the manifest. A writer
// that dies leaves whole packs at most; the next one indexes and uses them.
//
//     Writer writer(store, {.level = 1});
//     Writer::Lane lane(writer);  lane.add(ref, bytes);  lane.flush();   // a lane a thread
//     writer.finish();  uint64_t seq = writer.publish(manifest);
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

#include "libcore/base/background.h"
#include "libcore/store/block.h"
#include "libcore/store/pack.h"
#include "libcore/store/store.h"

namespace ft::store {

class Writer {
public:
    struct Options {
        int level = 1;
        bool threaded = true;  ///< packs are finished on a thread of their own
    };
    /// Takes up what writers that died have left. fails  damage, Exit::failed.
    Writer(Store& store, Options options);
    ~Writer() = default;
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Whether the chunk needs no storing: reliable in the store, or already taken in this session. Thread-safe.
    [[nodiscard]] bool known(const ChunkRef& chunk) const;

    /// A thread's way in: owns a block that is being filled.
    class Lane {
    public:
        explicit Lane(Writer& writer) : writer_(writer), encoder_(writer.options_.level) {}
        /// Stores the chunk unless it is known. returns  whether it was new.
        bool add(const ChunkRef& chunk, View bytes);
        /// As add for each; what lies side by side in memory is compressed where it is.
        void add_all(std::span<const ChunkRef> chunks, std::span<const View> contents);
        /// Closes the open block.
        void flush();

    private:
        bool take(const ChunkRef& chunk, View bytes);
        void keep();
        Writer& writer_;
        BlockEncoder encoder_;
        View open_;  // the block that is being filled: the caller's memory during a call, else raw_
        Bytes raw_;
        std::vector<ChunkRef> chunks_;
    };

    /// All chunks of all (flushed) lanes are durable and indexed when it returns.
    void finish();
    /// After finish(): gives the manifest its store and sequence number and makes it visible and durable. returns  the
    /// sequence.
    [[nodiscard]] std::uint64_t publish(Manifest manifest);

    struct Counters {
        std::atomic<std::uint64_t> bytes_new{0};     ///< content of new chunks
        std::atomic<std::uint64_t> bytes_stored{0};  ///< written to the store
        std::atomic<std::uint64_t> compress_ns{0}, write_ns{0}, sync_ns{0};
    };
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    struct Claims {  // chunks of this session that no index object names yet
        mutable std::mutex mutex;
        std::unordered_set<Digest> set;
    };
    [[nodiscard]] Claims& claims_of(const Digest& digest) {
        return claims_[std::to_integer<std::size_t>(digest.bytes[31]) % claims_.size()];
    }
    [[nodiscard]] const Claims& claims_of(const Digest& digest) const {
        return const_cast<Writer*>(this)->claims_of(digest);
    }
    [[nodiscard]] bool claim(const Digest& digest);
    void write_block(View stored, std::uint32_t raw, std::vector<ChunkRef> chunks);
    void close_pack(std::shared_ptr<PackWriter> pack);
    /// Durable when it returns. returns  whether there was anything to put.
    bool put_index();
    void adopt_unindexed_packs();
    void adopt(const Object& pack, const Digest& id);

    Store& store_;
    Index& index_;
    Options options_;
    Counters counters_;
    std::array<Claims, 64> claims_;
    std::mutex pack_mutex_;
    std::shared_ptr<PackWriter> pack_;  // shared with the background task that finishes it
    // Only the background thread touches these until it is drained.
    std::vector<PackInfo> new_packs_;
    std::vector<IndexEntry> new_entries_;
    Background later_;  // last: ends before what its tasks use
};

}  // namespace ft::store
