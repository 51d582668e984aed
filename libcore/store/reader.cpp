#include "libcore/store/reader.h"

#include "libcore/base/failure.h"

namespace ft::store {
namespace {

constexpr std::size_t packs_open = 128;

}  // namespace

Reader::Reader(Store& store, std::uint64_t cache_bytes)
    : store_(store), index_(store.index()), cache_bytes_(cache_bytes) {}

Chunk Reader::read(const ChunkRef& chunk) {
    const std::vector<ChunkPlace> places = index_.find_all(chunk.digest);
    if (places.empty())
        throw damage(store_.backend().path(),
                     "chunk " + chunk.digest.hex().substr(0, 16) + " is in no index; try 'ftckpt repair'");
    for (std::size_t i = 0; i + 1 < places.size(); ++i) {
        try {
            return read_at(chunk, places[i]);
        } catch (const Failure& f) {  // another copy may be sound; the last one's failure is the answer
            if (f.exit() != Exit::damage) throw;
        }
    }
    return read_at(chunk, places.back());
}

Chunk Reader::read_at(const ChunkRef& chunk, const ChunkPlace& place) {
    const std::string where = pack_name(index_.pack(place.pack).id);
    if (place.length != chunk.length) throw damage(where, "a chunk has another length than its checkpoint says");
    Chunk out;
    out.block = block(place);
    if (std::uint64_t{place.chunk_offset} + place.length > out.block->size())
        throw damage(where, "a chunk lies outside its block");
    out.bytes = View(*out.block).subspan(place.chunk_offset, place.length);
    if (digest_of(out.bytes) != chunk.digest) throw damage(where, "a chunk's content has another digest");
    return out;
}

std::shared_ptr<const Bytes> Reader::block(const ChunkPlace& place) {
    const BlockKey key{place.pack, place.block_offset};
    {
        std::unique_lock lock(mutex_);
        for (;;) {
            auto at = cache_.find(key);
            if (at == cache_.end()) break;
            if (at->second.bytes) {
                recent_.splice(recent_.begin(), recent_, at->second.used);
                return at->second.bytes;
            }
            read_.wait(lock);  // another thread is reading it
        }
        recent_.push_front(key);
        cache_[key] = {nullptr, recent_.begin()};
    }
    try {
        std::shared_ptr<const Bytes> bytes = fetch(place);
        keep(key, bytes);
        return bytes;
    } catch (...) {  // those who wait for it must see that it will not come
        forget(key);
        throw;
    }
}

void Reader::keep(const BlockKey& key, std::shared_ptr<const Bytes> bytes) {
    std::lock_guard lock(mutex_);
    cached_bytes_ += bytes->size();
    cache_[key].bytes = std::move(bytes);
    for (auto oldest = recent_.end(); cached_bytes_ > cache_bytes_ && oldest != recent_.begin();) {
        --oldest;
        const auto at = cache_.find(*oldest);
        if (!at->second.bytes || *oldest == key) continue;
        cached_bytes_ -= at->second.bytes->size();
        cache_.erase(at);
        oldest = recent_.erase(oldest);
    }
    read_.notify_all();
}

void Reader::forget(const BlockKey& key) {
    std::lock_guard lock(mutex_);
    const auto at = cache_.find(key);
    recent_.erase(at->second.used);
    cache_.erase(at);
    read_.notify_all();
}

std::shared_ptr<const Bytes> Reader::fetch(const ChunkPlace& place) {
    const std::shared_ptr<Object> object = pack(place.pack);
    Bytes stored(place.block_stored);
    object->read_at(stored, place.block_offset);
    std::unique_ptr<BlockDecoder> decoder;
    {
        std::lock_guard lock(mutex_);
        if (!decoders_.empty()) {
            decoder = std::move(decoders_.back());
            decoders_.pop_back();
        }
    }
    if (!decoder) decoder = std::make_unique<BlockDecoder>();
    auto raw = std::make_shared<const Bytes>(decoder->decode(stored, object->path()));
    std::lock_guard lock(mutex_);
    decoders_.push_back(std::move(decoder));
    return raw;
}

std::shared_ptr<Object> Reader::pack(std::uint32_t number) {
    {
        std::lock_guard lock(mutex_);
        if (auto at = packs_.find(number); at != packs_.end()) return at->second;
    }
    const PackInfo info = index_.pack(number);
    std::shared_ptr<Object> object = store_.backend().find(pack_name(info.id));
    const std::string where = store_.backend().path() + "/" + pack_name(info.id);
    if (!object) throw damage(where, "the pack is missing");
    if (object->size() != info.size) throw damage(where, "the pack has another length than the index says");
    std::lock_guard lock(mutex_);
    if (packs_.size() >= packs_open) packs_.clear();
    packs_[number] = object;
    return object;
}

}  // namespace ft::store
