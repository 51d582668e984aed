#include "libcore/store/index.h"

#include <algorithm>
#include <mutex>

#include "libcore/base/failure.h"
#include "libcore/store/block.h"

namespace ft::store {
namespace {

constexpr std::string_view damage_magic{"ftdamag\1", 8};
constexpr std::string_view mark_magic{"ftmark\0\1", 8};

}  // namespace

Index::Index(Backend& backend) : backend_(backend) {
    for (const std::string& mark : backend_.list("marks")) {
        if (mark.ends_with(".guards")) continue;
        if (const auto bytes = backend_.get("marks/" + mark, list_limit))
            for (const Digest& pack : decode_mark(*bytes, "marks/" + mark)) marked_.insert(pack);
    }
    for (const std::string& list : backend_.list("damage"))
        if (const auto bytes = backend_.get("damage/" + list, list_limit))
            for (const DamagedChunk& copy : decode_damage(*bytes, "damage/" + list)) damaged_chunks_.insert(copy);
    load_all();
}

void Index::load_all() {
    // A merge puts the large object before it removes the small ones: if one vanished after it was listed, its
    // successor is in a new listing.
    for (bool complete = false; !complete;) {
        complete = true;
        for (const std::string& id : backend_.list("index")) {
            const std::string name = "index/" + id;
            const bool known = std::any_of(segments_.begin(), segments_.end(),
                                           [&](const Segment& s) { return s.data->name() == name; }) ||
                               std::find(damaged_.begin(), damaged_.end(), name) != damaged_.end();
            if (!known && !try_load(name)) complete = false;
        }
    }
}

bool Index::try_load(const std::string& name) {
    const std::unique_ptr<Object> object = backend_.find(name);
    if (!object) return false;
    Segment segment;
    try {
        segment.data = std::make_unique<IndexSegment>(name, *object);
    } catch (const Failure& f) {  // an index is only an aid: without it chunks count as unknown, and repair rebuilds it
        if (f.exit() != Exit::damage) throw;
        damaged_.push_back(name);
        return true;
    }
    std::unique_lock lock(mutex_);
    for (const PackInfo& pack : segment.data->packs()) {
        const auto [at, fresh] = pack_numbers_.try_emplace(pack.id, static_cast<std::uint32_t>(packs_.size()));
        if (fresh) packs_.push_back(std::make_unique<Pack>(pack));
        segment.packs.push_back(at->second);
    }
    segments_.push_back(std::move(segment));
    return true;
}

void Index::load(const std::string& name) {
    if (!try_load(name)) load_all();  // merged already: what it had is in its successor
}

std::vector<ChunkPlace> Index::find_all(const Digest& digest) const {
    std::shared_lock lock(mutex_);
    std::vector<ChunkPlace> places;
    for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
        std::optional<ChunkPlace> place = segment->data->find(digest);
        if (!place) continue;
        place->pack = segment->packs[place->pack];
        places.push_back(*place);
    }
    return places;
}

bool Index::reliable(const ChunkRef& chunk) const {
    std::shared_lock lock(mutex_);
    for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
        const std::optional<ChunkPlace> place = segment->data->find(chunk.digest);
        if (!place || place->length != chunk.length) continue;
        const Pack& pack = *packs_[segment->packs[place->pack]];
        if (pack_is_good(pack) && (damaged_chunks_.empty() || !is_damaged({chunk.digest, pack.info.id}))) return true;
    }
    return false;
}

bool Index::pack_is_good(const Pack& pack) const {
    std::uint8_t state = pack.state.load(std::memory_order_relaxed);
    if (state == unchecked) {
        const bool there =
            !marked_.contains(pack.info.id) && backend_.size_of(pack_name(pack.info.id)) == pack.info.size;
        state = there ? good : bad;
        pack.state.store(state, std::memory_order_relaxed);
    }
    return state == good;
}

void Index::distrust(const std::vector<Digest>& packs) {
    std::unique_lock lock(mutex_);
    marked_.insert(packs.begin(), packs.end());
    for (const auto& pack : packs_) pack->state = unchecked;
}

PackInfo Index::pack(std::uint32_t number) const {
    std::shared_lock lock(mutex_);
    return packs_.at(number)->info;
}

std::vector<PackInfo> Index::packs() const {
    std::shared_lock lock(mutex_);
    std::vector<PackInfo> all;
    for (const auto& pack : packs_) all.push_back(pack->info);
    return all;
}

std::vector<const IndexSegment*> Index::segments() const {
    std::shared_lock lock(mutex_);
    std::vector<const IndexSegment*> all;
    for (const Segment& segment : segments_) all.push_back(segment.data.get());
    return all;
}

Bytes encode_damage(const std::vector<DamagedChunk>& chunks) {
    Encoder out;
    out.raw(view_of(damage_magic));
    out.u64(chunks.size());
    for (const DamagedChunk& copy : chunks) {
        out.raw(copy.chunk.bytes);
        out.raw(copy.pack.bytes);
    }
    out.u64(checksum_of(out.view()));
    return out.take();
}

std::vector<DamagedChunk> decode_damage(View bytes, std::string_view where) {
    Decoder in(bytes, where);
    if (text_of(in.raw(8)) != damage_magic) in.fail("not a list of damage or a newer version");
    const std::uint64_t count = in.u64();
    if (in.left() < 8 || count != (in.left() - 8) / 64 || (in.left() - 8) % 64 != 0)
        in.fail("it has another length than it says");
    std::vector<DamagedChunk> chunks(count);
    for (DamagedChunk& copy : chunks) {
        std::memcpy(copy.chunk.bytes.data(), in.raw(32).data(), 32);
        std::memcpy(copy.pack.bytes.data(), in.raw(32).data(), 32);
    }
    if (in.u64() != checksum_of(bytes.first(bytes.size() - 8))) in.fail("its checksum differs");
    return chunks;
}

Bytes encode_mark(const std::vector<Digest>& packs) {
    Encoder out;
    out.raw(view_of(mark_magic));
    out.u64(packs.size());
    for (const Digest& pack : packs) out.raw(pack.bytes);
    out.u64(checksum_of(out.view()));
    return out.take();
}

std::vector<Digest> decode_mark(View bytes, std::string_view where) {
    Decoder in(bytes, where);
    if (text_of(in.raw(8)) != mark_magic) in.fail("not a mark or a newer version");
    const std::uint64_t count = in.u64();
    if (in.left() < 8 || count != (in.left() - 8) / 32 || (in.left() - 8) % 32 != 0)
        in.fail("it has another length than it says");
    std::vector<Digest> packs(count);
    for (Digest& pack : packs) std::memcpy(pack.bytes.data(), in.raw(32).data(), 32);
    if (in.u64() != checksum_of(bytes.first(bytes.size() - 8))) in.fail("its checksum differs");
    return packs;
}

}  // namespace ft::store
