#include "libcore/store/index.h"

#include <algorithm>
#include <mutex>

#include "libcore/base/failure.h"
#include "libcore/store/block.h"

namespace ft::store {
Index::Index(Backend& backend) : backend_(backend) {
    read_lists("marks", [&](View bytes, const std::string& name) {
        for (const Digest& pack : decode_mark(bytes, name)) marked_.insert(pack);
    });
    read_lists("damage", [&](View bytes, const std::string& name) {
        for (const DamagedChunk& copy : decode_damage(bytes, name)) damaged_chunks_.insert(copy);
    });
    load_all();
}

/// What is damaged among them does not keep anybody from reading what is sound elsewhere.
void Index::read_lists(const std::string& prefix, const std::function<void(View, const std::string&)>& take) {
    for (const std::string& id : backend_.list(prefix)) {
        if (id.ends_with(guards_suffix)) continue;  // prune's own
        const std::string name = std::string(prefix).append("/").append(id);
        try {
            if (const auto bytes = backend_.get(name, list_limit)) take(*bytes, name);
        } catch (const Failure& f) {
            if (f.exit() != Exit::damage) throw;
            damaged_lists_.push_back(name);
        }
    }
}

void Index::require_lists() const {
    if (damaged_lists_.empty()) return;
    throw damage(backend_.path() + "/" + damaged_lists_.front(), "it cannot be read").advised("try 'ftckpt repair'");
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
    for (std::size_t i = segments_.size(); i-- != 0;) {
        std::optional<ChunkPlace> place = segments_[i].data->find(digest);
        if (!place) continue;
        place->pack = segments_[i].packs[place->pack];
        places.push_back(*place);
    }
    return places;
}

bool Index::reliable(const ChunkRef& chunk) const {
    std::shared_lock lock(mutex_);
    for (std::size_t i = segments_.size(); i-- != 0;) {
        const std::optional<ChunkPlace> place = segments_[i].data->find(chunk.digest);
        if (!place || place->length != chunk.length) continue;
        const Pack& pack = *packs_[segments_[i].packs[place->pack]];
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

}  // namespace ft::store
