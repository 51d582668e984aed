// Which chunk lies where: sorted segments mapped from index objects, each page checked when it is first touched.
//
// An index object is derived from pack footers and can be rebuilt. A chunk that an index names is durable: indexes are
// put after their packs. What is untrustworthy (a damaged chunk, a pack that is marked for removal, missing or of the
// wrong size) counts as unknown. FORMAT.md section 5. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "libcore/base/hash.h"
#include "libcore/store/backend.h"
#include "libcore/store/lists.h"
#include "libcore/store/pack.h"

namespace ft::store {

/// Where a chunk lies.
struct ChunkPlace {
    std::uint32_t pack = 0;          ///< number in the table of packs (Index::pack)
    std::uint32_t block_offset = 0;  ///< in the pack
    std::uint32_t block_stored = 0;  ///< bytes of the block in the pack
    std::uint32_t chunk_offset = 0;  ///< in the block's content
    std::uint32_t length = 0;        ///< bytes of the chunk
};

struct PackInfo {
    Digest id;
    std::uint64_t size = 0;  ///< bytes
    bool operator==(const PackInfo&) const = default;
};

struct IndexEntry {
    Digest digest;
    ChunkPlace place;
};

/// Entries of all chunks of a pack; number: of the pack in the builder's list.
void append_entries(std::vector<IndexEntry>& entries, const std::vector<PackBlock>& blocks, std::uint32_t number);
/// Ascending by digest, one per digest.
void sort_entries(std::vector<IndexEntry>& entries);

inline constexpr std::size_t index_page_size = 4096;
inline constexpr std::size_t index_entry_size = 52;
inline constexpr std::size_t entries_per_page = (index_page_size - 16) / index_entry_size;  // 78

/// Writes one index object; entries are added in ascending order of digest.
class IndexBuilder {
public:
    IndexBuilder(Backend& backend, std::vector<PackInfo> packs);
    /// place.pack counts in the constructor's packs.
    void add(const Digest& digest, const ChunkPlace& place);
    /// Durable when it returns. returns  the object's name, "index/ID".
    [[nodiscard]] std::string finish();

private:
    void flush_page();
    Backend& backend_;
    std::unique_ptr<Upload> upload_;
    std::vector<PackInfo> packs_;
    std::vector<std::uint64_t> fences_;
    Encoder page_;
    std::uint32_t in_page_ = 0;
    std::uint64_t entries_ = 0;
    Bytes page_sums_;
};

/// One index object, mapped.
class IndexSegment {
public:
    /// Checks all but the pages; damage where something does not fit.
    IndexSegment(std::string name, const Object& object);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::uint64_t entries() const { return entries_; }
    [[nodiscard]] const std::vector<PackInfo>& packs() const { return packs_; }
    /// place.pack counts in packs().
    [[nodiscard]] std::optional<ChunkPlace> find(const Digest& digest) const;
    /// Number of the chunk's entry, below slots(); std::nullopt where it has none.
    [[nodiscard]] std::optional<std::uint64_t> slot(const Digest& digest) const;
    [[nodiscard]] std::uint64_t slots() const { return fences_.size() * entries_per_page; }
    /// All entries of one page, for merging.
    [[nodiscard]] std::vector<IndexEntry> page(std::size_t number) const;
    [[nodiscard]] std::size_t pages() const { return fences_.size(); }

private:
    [[nodiscard]] View checked_page(std::size_t number) const;
    std::string name_, path_;
    std::unique_ptr<io::Mapping> mapping_;
    std::uint64_t entries_ = 0;
    std::vector<PackInfo> packs_;
    std::vector<std::uint64_t> fences_;                    // digest prefix of each page's first entry
    mutable std::vector<std::atomic<std::uint8_t>> seen_;  // pages whose checksum was right
};

class Index {
public:
    /// Loads all index objects. A damaged or vanished one is left out and named in damaged(), as are the store's lists
    /// in damaged_lists().
    explicit Index(Backend& backend);

    /// Names of index objects that could not be used.
    [[nodiscard]] const std::vector<std::string>& damaged() const { return damaged_; }
    /// Names of marks and lists of damage that could not be used: what may be relied upon is not known then.
    [[nodiscard]] const std::vector<std::string>& damaged_lists() const { return damaged_lists_; }
    /// fails  damage, where there are such.
    void require_lists() const;

    /// Every place where the chunk is said to be, newest segment first.
    [[nodiscard]] std::vector<ChunkPlace> find_all(const Digest& digest) const;
    /// Whether a new checkpoint may rely on the chunk: found where it is not damaged, its pack there with the right
    /// size and not marked.
    [[nodiscard]] bool reliable(const ChunkRef& chunk) const;
    /// Whether a copy of a chunk is recorded as damaged.
    [[nodiscard]] bool is_damaged(const DamagedChunk& copy) const { return damaged_chunks_.contains(copy); }
    /// Counts these packs as on their way out from now on, for this process.
    void distrust(const std::vector<Digest>& packs);
    /// Whether a pack is on its way out.
    [[nodiscard]] bool is_marked(const Digest& pack) const { return marked_.contains(pack); }
    [[nodiscard]] PackInfo pack(std::uint32_t number) const;
    [[nodiscard]] std::vector<PackInfo> packs() const;

    /// Takes in an object that was put after loading, or the one that it was merged into meanwhile.
    void load(const std::string& name);
    [[nodiscard]] std::vector<const IndexSegment*> segments() const;

private:
    enum PackState : std::uint8_t { unchecked, good, bad };
    struct Segment {
        std::unique_ptr<IndexSegment> data;
        std::vector<std::uint32_t> packs;  // number in the segment -> number in packs_
    };
    struct Pack {
        PackInfo info;
        mutable std::atomic<std::uint8_t> state{unchecked};
        explicit Pack(const PackInfo& i) : info(i) {}
    };
    void read_lists(const std::string& prefix, const std::function<void(View, const std::string&)>& take);
    void load_all();
    bool try_load(const std::string& name);
    [[nodiscard]] bool pack_is_good(const Pack& pack) const;

    Backend& backend_;
    mutable std::shared_mutex mutex_;
    std::vector<Segment> segments_;
    std::vector<std::unique_ptr<Pack>> packs_;
    std::unordered_map<Digest, std::uint32_t> pack_numbers_;
    std::vector<std::string> damaged_, damaged_lists_;
    std::set<Digest> marked_;                // packs on their way out
    std::set<DamagedChunk> damaged_chunks_;  // as verify recorded them
};

}  // namespace ft::store
