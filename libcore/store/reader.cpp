#include "libcore/store/reader.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::store {
namespace {

constexpr std::size_t packs_open = 128;
constexpr std::size_t spare_blocks = 8;

/// The last of some pointers, null where there is none.
template <class Pointer>
Pointer take_last(std::vector<Pointer>& from) {
    if (from.empty()) return nullptr;
    Pointer last = std::move(from.back());
    from.pop_back();
    return last;
}

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

std::size_t Reader::together(std::span<const ChunkRef> chunks) {
    std::size_t count = 0;
    ChunkPlace last;
    for (const ChunkRef& chunk : chunks) {
        const std::vector<ChunkPlace> places = index_.find_all(chunk.digest);
        if (places.size() != 1 || places.front().length != chunk.length) break;  // read() knows what to do
        const ChunkPlace& place = places.front();
        if (count != 0 && (place.pack != last.pack || place.block_offset != last.block_offset ||
                           place.chunk_offset != last.chunk_offset + last.length))
            break;
        last = place;
        ++count;
    }
    return std::max<std::size_t>(count, 1);
}

Chunk Reader::read_together(std::span<const ChunkRef> chunks) {
    std::vector<Chunk> pieces = read_front(chunks);
    if (pieces.size() < chunks.size()) throw wrong_digest(places_of(chunks[pieces.size()]).back());
    Chunk all = std::move(pieces.front());
    for (const Chunk& piece : std::span(pieces).subspan(1))
        all.bytes = {all.bytes.data(), all.bytes.size() + piece.bytes.size()};
    return all;
}

std::vector<Chunk> Reader::read_front(std::span<const ChunkRef> chunks) {
    std::vector<Chunk> front = unverified(in_one_block(chunks));
    std::vector<View> contents;
    for (const Chunk& chunk : front) contents.push_back(chunk.bytes);
    const std::vector<Digest> digests = digests_of(contents);
    std::size_t sound = 0;
    while (sound < front.size() && digests[sound] == chunks[sound].digest) ++sound;
    front.resize(sound);
    if (front.empty()) front.push_back(read(chunks.front()));  // from another place, or a failure
    return front;
}

/// Places of the first chunks, as long as there is one of each and all are in the same block.
std::vector<ChunkPlace> Reader::in_one_block(std::span<const ChunkRef> chunks) const {
    std::vector<ChunkPlace> found;
    for (const ChunkRef& chunk : chunks) {
        const std::vector<ChunkPlace> places = index_.find_all(chunk.digest);
        if (places.size() != 1 || places.front().length != chunk.length) break;  // read() knows what to do
        if (!found.empty() &&
            (places.front().pack != found.front().pack || places.front().block_offset != found.front().block_offset))
            break;
        found.push_back(places.front());
    }
    return found;
}

Chunk Reader::read_at(const ChunkRef& chunk, const ChunkPlace& place) {
    if (place.length != chunk.length)
        throw damage(pack_name(index_.pack(place.pack).id), "a chunk has another length than its checkpoint says");
    Chunk out = std::move(unverified({&place, 1}).front());
    if (digest_of(out.bytes) != chunk.digest) throw wrong_digest(place);
    return out;
}

Failure Reader::wrong_digest(const ChunkPlace& place) {
    return damage(pack_name(index_.pack(place.pack).id), "a chunk's content has another digest");
}

/// All of one block.
std::vector<Chunk> Reader::unverified(std::span<const ChunkPlace> places) {
    std::vector<Chunk> out;
    if (places.empty()) return out;
    const std::shared_ptr<const DecodedBlock> from = block(places.front());
    for (const ChunkPlace& place : places) {
        if (std::uint64_t{place.chunk_offset} + place.length > from->bytes.size())
            throw damage(pack_name(index_.pack(place.pack).id), "a chunk lies outside its block");
        out.push_back({from, from->bytes.subspan(place.chunk_offset, place.length)});
    }
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
        std::shared_ptr<DecodedBlock> block = fetch(place);
        keep(key, block);
        return block;
    } catch (...) {  // those who wait for it must see that it will not come
        forget(key);
        throw;
    }
}

void Reader::keep(const BlockKey& key, std::shared_ptr<DecodedBlock> block) {
    std::lock_guard lock(mutex_);
    cached_bytes_ += block->bytes.size();
    cache_[key].block = std::move(block);
    for (auto oldest = recent_.end(); cached_bytes_ > cache_bytes_ && oldest != recent_.begin();) {
        --oldest;
        const auto at = cache_.find(*oldest);
        if (!at->second.block || *oldest == key) continue;
        cached_bytes_ -= at->second.block->bytes.size();
        if (at->second.block.use_count() == 1 && spare_.size() < spare_blocks) spare_.push_back(at->second.block);
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

std::shared_ptr<DecodedBlock> Reader::fetch(const ChunkPlace& place) {
    const std::shared_ptr<Object> object = pack(place.pack);
    std::unique_ptr<Tools> tools;
    std::shared_ptr<DecodedBlock> block;
    {
        std::lock_guard lock(mutex_);
        tools = take_last(idle_);
        block = take_last(spare_);
    }
    if (!tools) tools = std::make_unique<Tools>();
    if (!block) block = std::make_shared<DecodedBlock>();
    const std::span<std::byte> stored = tools->stored.first(place.block_stored);
    object->read_at(stored, place.block_offset);
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
