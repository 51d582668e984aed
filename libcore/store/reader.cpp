#include "libcore/store/reader.h"

#include "libcore/base/failure.h"

namespace ft::store {
namespace {

constexpr std::size_t packs_open = 128;

}  // namespace

Reader::Reader(Store& store, std::uint64_t cache_bytes)
    : store_(store), index_(store.index()), cache_bytes_(cache_bytes) {}

std::vector<ChunkPlace> Reader::places_of(const ChunkRef& chunk) {
    std::vector<ChunkPlace> places = index_.find_all(chunk.digest);
    if (places.empty())
        throw damage(store_.backend().path(),
                     "chunk " + chunk.digest.hex().substr(0, 16) + " is in no index; try 'ftckpt repair'");
    return places;
}

Chunk Reader::read(const ChunkRef& chunk) {
    const std::vector<ChunkPlace> places = places_of(chunk);
    for (std::size_t i = 0; i + 1 < places.size(); ++i) {
        try {
            return read_at(chunk, places[i]);
        } catch (const Failure& f) {  // another copy may be sound; the last one's failure is the answer
            if (f.exit() != Exit::damage) throw;
        }
    }
    return read_at(chunk, places.back());
}

void Reader::read_all(std::span<const ChunkRef> chunks, std::span<std::byte> into) {
    std::vector<View> copies;
    copies.reserve(chunks.size());
    for (const ChunkRef& chunk : chunks) {
        const View bytes = likely(chunk).bytes;
        std::memcpy(into.data(), bytes.data(), bytes.size());
        copies.push_back(into.first(bytes.size()));
        into = into.subspan(bytes.size());
    }
    check(into.empty(), "room for exactly the chunks");
    const std::vector<Digest> digests = digests_of(copies);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        if (digests[i] == chunks[i].digest) continue;
        throw damage(pack_name(index_.pack(places_of(chunks[i]).back().pack).id),
                     "a chunk's content has another digest");
    }
}

/// A chunk of which there is one copy unverified, one of several verified.
Chunk Reader::likely(const ChunkRef& chunk) {
    const std::vector<ChunkPlace> places = places_of(chunk);
    return places.size() == 1 ? unverified(chunk, places.front()) : read(chunk);
}

Chunk Reader::read_at(const ChunkRef& chunk, const ChunkPlace& place) {
    Chunk out = unverified(chunk, place);
    if (digest_of(out.bytes) != chunk.digest)
        throw damage(pack_name(index_.pack(place.pack).id), "a chunk's content has another digest");
    return out;
}

Chunk Reader::unverified(const ChunkRef& chunk, const ChunkPlace& place) {
    const auto where = [&] { return pack_name(index_.pack(place.pack).id); };
    if (place.length != chunk.length) throw damage(where(), "a chunk has another length than its checkpoint says");
    Chunk out;
    out.block = block(place);
    if (std::uint64_t{place.chunk_offset} + place.length > out.block->bytes.size())
        throw damage(where(), "a chunk lies outside its block");
    out.bytes = out.block->bytes.subspan(place.chunk_offset, place.length);
    return out;
}

std::shared_ptr<const DecodedBlock> Reader::block(const ChunkPlace& place) {
    const BlockKey key{place.pack, place.block_offset};
    {
        std::unique_lock lock(mutex_);
        for (;;) {
            auto at = cache_.find(key);
            if (at == cache_.end()) break;
            if (at->second.block) {
                recent_.splice(recent_.begin(), recent_, at->second.used);
                return at->second.block;
            }
            read_.wait(lock);  // another thread is reading it
        }
        recent_.push_front(key);
        cache_[key] = {nullptr, recent_.begin()};
    }
    try {
        std::shared_ptr<const DecodedBlock> block = fetch(place);
        keep(key, block);
        return block;
    } catch (...) {  // those who wait for it must see that it will not come
        forget(key);
        throw;
    }
}

void Reader::keep(const BlockKey& key, std::shared_ptr<const DecodedBlock> block) {
    std::lock_guard lock(mutex_);
    cached_bytes_ += block->bytes.size();
    cache_[key].block = std::move(block);
    for (auto oldest = recent_.end(); cached_bytes_ > cache_bytes_ && oldest != recent_.begin();) {
        --oldest;
        const auto at = cache_.find(*oldest);
        if (!at->second.block || *oldest == key) continue;
        cached_bytes_ -= at->second.block->bytes.size();
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

std::shared_ptr<const DecodedBlock> Reader::fetch(const ChunkPlace& place) {
    const std::shared_ptr<Object> object = pack(place.pack);
    std::unique_ptr<Tools> tools;
    {
        std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            tools = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!tools) tools = std::make_unique<Tools>();
    const std::span<std::byte> stored = tools->stored.first(place.block_stored);
    object->read_at(stored, place.block_offset);
    auto block = std::make_shared<DecodedBlock>();
    block->bytes = tools->decoder.decode(stored, block->memory, object->path());
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(tools));
    return block;
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
