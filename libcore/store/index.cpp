#include "libcore/store/index.h"

#include <algorithm>
#include <mutex>

#include "libcore/base/failure.h"
#include "libcore/store/block.h"

namespace ft::store {
namespace {

constexpr std::string_view digest_list_magic{"ftlist\0\1", 8};

}  // namespace

Index::Index(Backend& backend) : backend_(backend) {
    for (const std::string& mark : backend_.list("marks"))
        if (const auto bytes = backend_.get("marks/" + mark, digest_list_limit))
            for (const Digest& pack : decode_digest_list(*bytes, "marks/" + mark)) marked_.insert(pack);
    for (const std::string& list : backend_.list("damage"))
        if (const auto bytes = backend_.get("damage/" + list, digest_list_limit))
            for (const Digest& chunk : decode_digest_list(*bytes, "damage/" + list)) damaged_chunks_.insert(chunk);
    load_all();
}

void Index::load_all() {
    // A merge puts the large object before it removes the small ones: if one vanished after it was listed, its successor is in a new listing.
    for (bool complete = false; !complete;) {
        complete = true;
        for (const std::string& id : backend_.list("index")) {
            const std::string name = "index/" + id;
            const bool known = std::any_of(segments_.begin(), segments_.end(), [&](const Segment& s) { return s.data->name() == name; }) ||
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

void Index::load(const std::string& name) { check(try_load(name), "an index that was just put is there"); }

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
        if (pack_is_good(*packs_[segment->packs[place->pack]])) return !damaged_chunks_.contains(chunk.digest);
    }
    return false;
}

bool Index::pack_is_good(const Pack& pack) const {
    std::uint8_t state = pack.state.load(std::memory_order_relaxed);
    if (state == unchecked) {
        const bool there = !marked_.contains(pack.info.id) && backend_.size_of(pack_name(pack.info.id)) == pack.info.size;
        state = there ? good : bad;
        pack.state.store(state, std::memory_order_relaxed);
    }
    return state == good;
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

Bytes encode_digest_list(const std::vector<Digest>& digests) {
    Encoder out;
    out.raw(view_of(digest_list_magic));
    out.u64(digests.size());
    for (const Digest& digest : digests) out.raw(digest.bytes);
    out.u64(checksum_of(out.view()));
    return out.take();
}

std::vector<Digest> decode_digest_list(View bytes, std::string_view where) {
    Decoder in(bytes, where);
    if (text_of(in.raw(8)) != digest_list_magic) in.fail("not a list of digests or a newer version");
    const std::uint64_t count = in.u64();
    if (in.left() < 8 || count != (in.left() - 8) / 32 || (in.left() - 8) % 32 != 0) in.fail("it has another length than it says");
    std::vector<Digest> digests(count);
    for (Digest& digest : digests) std::memcpy(digest.bytes.data(), in.raw(32).data(), 32);
    if (in.u64() != checksum_of(bytes.first(bytes.size() - 8))) in.fail("its checksum differs");
    return digests;
}

}  // namespace ft::store
