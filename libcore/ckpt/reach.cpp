#include "libcore/ckpt/reach.h"

#include <map>

#include "libcore/base/failure.h"
#include "libcore/ckpt/stored_entries.h"

namespace ft::ckpt {

void for_each_chunk(store::Reader& reader, const store::SourceRecord& source, const std::string& where,
                    const std::function<void(const store::ChunkRef&, const std::string& path)>& chunk) {
    StoredEntries entries(reader, source.entries, where, [&](const store::ChunkRef& ref) { chunk(ref, ""); });
    while (const std::optional<source::Entry> entry = entries.next())
        for (const source::Run& run : entry->runs)
            if (run.length != 0) chunk({run.digest, run.length}, entry->path);
}

Reach::Reach(store::Store& store, const Progress& progress)
    : store_(store), index_(store.index()), progress_(progress), reader_(store), segments_(index_.segments()) {
    for (const store::IndexSegment* segment : segments_) live_.emplace_back(segment->slots());
}

void Reach::mark(const store::ChunkRef& chunk) {
    bool found = false;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        const auto slot = segments_[i]->slot(chunk.digest);
        if (!slot) continue;
        live_[i][*slot] = true;
        found = true;
    }
    misses_chunks_ = misses_chunks_ || !found;
}

void Reach::add(const store::Manifest& manifest) {
    for (const store::SourceRecord& source : manifest.sources) {
        Encoder identity;
        identity.u8(source.entries.depth);
        for (const store::ChunkRef& ref : source.entries.chunks) encode_ref(identity, ref);
        if (!walked_.insert(digest_of(identity.view())).second) continue;
        const std::string where = manifest.name + "@" + std::to_string(manifest.sequence);
        for_each_chunk(reader_, source, where, [this](const store::ChunkRef& ref, const std::string&) {
            progress_.step();
            mark(ref);
        });
    }
}

bool Reach::needs(const Digest& chunk) const {
    for (std::size_t i = 0; i < segments_.size(); ++i)
        if (const auto slot = segments_[i]->slot(chunk); slot && live_[i][*slot]) return true;
    return false;
}

std::vector<Reach::PackUse> Reach::pack_use() const {
    std::map<Digest, std::size_t> numbers;
    const std::vector<store::PackInfo> packs = index_.packs();
    for (std::size_t i = 0; i < packs.size(); ++i) numbers[packs[i].id] = i;
    std::vector<PackUse> use(packs.size());
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        std::vector<std::size_t> to_number;
        for (const store::PackInfo& pack : segments_[i]->packs()) to_number.push_back(numbers.at(pack.id));
        for (std::size_t page = 0; page < segments_[i]->pages(); ++page) {
            progress_.step();
            std::uint64_t slot = page * store::entries_per_page;
            for (const store::IndexEntry& entry : segments_[i]->page(page)) {
                PackUse& pack = use[to_number[entry.place.pack]];
                pack.all_bytes += entry.place.length;
                if (live_[i][slot++]) pack.live_bytes += entry.place.length;
            }
        }
    }
    return use;
}

}  // namespace ft::ckpt
