// What checkpoints need: every chunk that can be reached from their manifests, as one bit for each entry of the index.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libcore/base/progress.h"
#include "libcore/store/manifest.h"
#include "libcore/store/reader.h"
#include "libcore/store/store.h"

namespace ft::ckpt {

/// Calls `chunk` for every chunk that the source needs, its stream of entries and its files' content; path "" for the
/// former. fails  damage.
void for_each_chunk(store::Reader& reader, const store::SourceRecord& source, const std::string& where,
                    const std::function<void(const store::ChunkRef&, const std::string& path)>& chunk);

class Reach {
public:
    /// The store's index must not be reloaded while this lives.
    Reach(store::Store& store, const Progress& progress);

    /// Marks all that the checkpoint needs. Streams of entries that were walked before are not walked again. fails
    /// damage.
    void add(const store::Manifest& manifest);

    struct PackUse {
        std::uint64_t live_bytes = 0, all_bytes = 0;  ///< of content, by the index
    };
    /// For each of index().packs(), by its number.
    [[nodiscard]] std::vector<PackUse> pack_use() const;
    [[nodiscard]] bool needs(const Digest& chunk) const;
    /// Whether something that is needed is in no index: it may be in a pack that no index names.
    [[nodiscard]] bool misses_chunks() const { return misses_chunks_; }

private:
    void mark(const store::ChunkRef& chunk);
    store::Store& store_;
    store::Index& index_;
    const Progress& progress_;
    store::Reader reader_;
    std::vector<const store::IndexSegment*> segments_;
    std::vector<std::vector<bool>> live_;  // per segment and slot
    std::set<Digest> walked_;              // digests of encoded roots
    bool misses_chunks_ = false;
};

}  // namespace ft::ckpt
