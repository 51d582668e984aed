#include "libcore/store/writer.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/store/index_merge.h"

namespace ft::store {
namespace {

// Entries kept in memory before they go into an index object of their own: bounds memory for millions of new files.
constexpr std::size_t entries_in_memory = 128 << 10;

/// Adds the time of a scope to a counter of nanoseconds.
class Timed {
public:
    Timed(Clock& clock, std::atomic<std::uint64_t>& counter)
        : clock_(clock), counter_(counter), start_(clock.monotonic()) {}
    ~Timed() { counter_ += static_cast<std::uint64_t>((clock_.monotonic() - start_).count()); }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;

private:
    Clock& clock_;
    std::atomic<std::uint64_t>& counter_;
    std::chrono::nanoseconds start_;
};

}  // namespace

Writer::Writer(Store& store, Options options)
    : store_(store), index_(store.index()), options_(options), later_(options.threaded) {
    index_.require_lists();
    adopt_unindexed_packs();
}

void Writer::adopt_unindexed_packs() {
    std::unordered_set<Digest> indexed;
    for (const PackInfo& pack : index_.packs()) indexed.insert(pack.id);
    Backend& backend = store_.backend();
    const std::vector<std::string> shards = backend.list("packs");
    // 'format' was made or seen, which is not yet durable; from its first pack on a store is nothing without it.
    if (shards.empty()) backend.settle("");
    for (const std::string& shard : shards) {
        for (const std::string& object : backend.list("packs/" + shard)) {
            const std::optional<Digest> id = Digest::from_hex(object);
            if (!id || indexed.contains(*id) || index_.is_marked(*id)) continue;
            const std::unique_ptr<Object> pack = backend.find(pack_name(*id));
            if (!pack) continue;  // being pruned
            backend.settle("packs/" + shard);
            adopt(*pack, *id);
            if (new_entries_.size() >= entries_in_memory) put_index();
        }
    }
    put_index();
}

void Writer::adopt(const Object& pack, const Digest& id) {
    try {
        append_entries(new_entries_, read_pack_table(pack, id), static_cast<std::uint32_t>(new_packs_.size()));
        new_packs_.push_back({id, pack.size()});
    } catch (const Failure& f) {  // a rotten leftover that nothing relies on: verify names it, prune removes it
        if (f.exit() != Exit::damage) throw;
    }
}

bool Writer::known(const ChunkRef& chunk) const {
    {
        const Claims& claims = claims_of(chunk.digest);
        std::lock_guard lock(claims.mutex);
        if (claims.set.contains(chunk.digest)) return true;
    }
    return index_.reliable(chunk);
}

bool Writer::claim(const Digest& digest) {
    Claims& claims = claims_of(digest);
    std::lock_guard lock(claims.mutex);
    return claims.set.insert(digest).second;
}

bool Writer::Lane::add(const ChunkRef& chunk, View bytes) {
    const bool is_new = take(chunk, bytes);
    keep();
    return is_new;
}

void Writer::Lane::add_all(std::span<const ChunkRef> chunks, std::span<const View> contents) {
    check(chunks.size() == contents.size(), "each chunk has its bytes");
    for (std::size_t i = 0; i < chunks.size(); ++i) (void)take(chunks[i], contents[i]);
    keep();
}

/// Until keep() the block may lie in the caller's memory.
bool Writer::Lane::take(const ChunkRef& chunk, View bytes) {
    if (writer_.index_.reliable(chunk) || !writer_.claim(chunk.digest)) return false;
    writer_.counters_.bytes_new += chunk.length;
    if (!open_.empty() && open_.size() + bytes.size() > block_target) flush();
    if (open_.empty()) {
        open_ = bytes;
    } else if (raw_.empty() && open_.data() + open_.size() == bytes.data()) {
        open_ = {open_.data(), open_.size() + bytes.size()};
    } else {
        keep();
        raw_.insert(raw_.end(), bytes.begin(), bytes.end());
        open_ = raw_;
    }
    chunks_.push_back(chunk);
    if (open_.size() >= block_target) flush();
    return true;
}

void Writer::Lane::keep() {
    if (!raw_.empty()) return;
    raw_.assign(open_.begin(), open_.end());
    open_ = raw_;
}

void Writer::Lane::flush() {
    if (open_.empty()) return;
    View stored;
    {
        Timed timed(writer_.store_.clock(), writer_.counters_.compress_ns);
        stored = encoder_.encode(open_);
    }
    writer_.write_block(stored, static_cast<std::uint32_t>(open_.size()), std::move(chunks_));
    raw_.clear();
    open_ = {};
    chunks_ = {};
}

void Writer::write_block(View stored, std::uint32_t raw, std::vector<ChunkRef> chunks) {
    std::shared_ptr<PackWriter> full;
    {
        std::lock_guard lock(pack_mutex_);
        Timed timed(store_.clock(), counters_.write_ns);
        if (!pack_) pack_ = std::make_shared<PackWriter>(store_.backend(), store_.clock().random());
        pack_->append(stored, raw, std::move(chunks));
        if (pack_->full()) full = std::move(pack_);
    }
    if (full) close_pack(std::move(full));
}

void Writer::close_pack(std::shared_ptr<PackWriter> pack) {
    later_.submit([this, pack = std::move(pack)] {
        Timed timed(store_.clock(), counters_.sync_ns);
        const PackWriter::Finished finished = pack->finish();
        counters_.bytes_stored += finished.size;
        append_entries(new_entries_, pack->blocks(), static_cast<std::uint32_t>(new_packs_.size()));
        new_packs_.push_back({finished.id, finished.size});
        if (new_entries_.size() >= entries_in_memory) put_index();
    });
}

bool Writer::put_index() {
    if (new_entries_.empty()) return false;
    sort_entries(new_entries_);
    IndexBuilder builder(store_.backend(), std::move(new_packs_));
    for (const IndexEntry& entry : new_entries_) builder.add(entry.digest, entry.place);
    index_.load(builder.finish());
    for (const IndexEntry& entry : new_entries_) {
        Claims& claims = claims_of(entry.digest);
        std::lock_guard lock(claims.mutex);
        claims.set.erase(entry.digest);
    }
    new_packs_.clear();
    new_entries_.clear();
    return true;
}

void Writer::finish() {
    if (pack_) close_pack(std::move(pack_));
    bool put = false;
    later_.submit([&] { put = put_index(); });
    later_.drain();
    merge_small_indexes(store_.backend());
    // Chunks that others stored were seen in their index objects; seen is not yet durable. An own object was synced
    // together with them.
    if (!put) store_.backend().settle("index");
}

std::uint64_t Writer::publish(Manifest manifest) {
    Timed timed(store_.clock(), counters_.sync_ns);
    manifest.store = store_.format().uuid;
    const std::string prefix = "checkpoints/" + manifest.name + "/";
    for (;;) {
        manifest.sequence = store_.next_sequence(manifest.name);
        const Bytes bytes = encode_manifest(manifest);
        if (!store_.backend().put_if_absent(prefix + std::to_string(manifest.sequence), bytes)) continue;
        counters_.bytes_stored += bytes.size();
        return manifest.sequence;
    }
}

}  // namespace ft::store
