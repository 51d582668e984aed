#include "libcore/store/index_merge.h"

#include <algorithm>
#include <map>
#include <memory>
#include <queue>

#include "libcore/base/failure.h"

namespace ft::store {
namespace {

constexpr std::size_t many_indexes = 8;

/// Walks one segment's entries in order, a page at a time.
class Cursor {
public:
    explicit Cursor(const IndexSegment& segment) : segment_(segment) { next_page(); }
    [[nodiscard]] bool done() const { return entries_.empty(); }
    [[nodiscard]] const IndexEntry& entry() const { return entries_[at_]; }
    [[nodiscard]] const PackInfo& pack() const { return segment_.packs()[entry().place.pack]; }
    void advance() {
        if (++at_ == entries_.size()) next_page();
    }

private:
    void next_page() {
        at_ = 0;
        entries_.clear();
        if (page_ < segment_.pages()) entries_ = segment_.page(page_++);
    }
    const IndexSegment& segment_;
    std::size_t page_ = 0, at_ = 0;
    std::vector<IndexEntry> entries_;
};

/// Packs that are not there as the index has them: of several copies of a chunk, one in such a pack must not be the one
/// that stays.
std::set<Digest> missing_packs(Backend& backend, const Index& index) {
    std::set<Digest> missing;
    for (const PackInfo& pack : index.packs())
        if (backend.size_of(pack_name(pack.id)) != pack.size) missing.insert(pack.id);
    return missing;
}

}  // namespace

std::string merge_segments(Backend& backend, const Index& index, const std::vector<const IndexSegment*>& segments,
                           const MergeRequest& request) {
    std::vector<PackInfo> packs;
    std::map<Digest, std::uint32_t> numbers;
    for (const IndexSegment* segment : segments)
        for (const PackInfo& pack : segment->packs())
            if (!request.without.contains(pack.id) &&
                numbers.try_emplace(pack.id, static_cast<std::uint32_t>(packs.size())).second)
                packs.push_back(pack);
    if (packs.empty()) return "";

    std::vector<std::unique_ptr<Cursor>> cursors;
    const auto later = [&](std::size_t a, std::size_t b) {
        return cursors[b]->entry().digest < cursors[a]->entry().digest;
    };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> order(later);
    for (const IndexSegment* segment : segments) {
        cursors.push_back(std::make_unique<Cursor>(*segment));
        if (!cursors.back()->done()) order.push(cursors.size() - 1);
    }
    IndexBuilder builder(backend, packs);
    Digest last;
    bool any = false;
    for (std::uint64_t steps = 0; !order.empty(); ++steps) {
        if (request.step && steps % entries_per_page == 0) request.step();
        const std::size_t first = order.top();
        order.pop();
        Cursor& cursor = *cursors[first];
        const IndexEntry& entry = cursor.entry();
        const auto number = numbers.find(cursor.pack().id);
        if (number != numbers.end() && (!any || entry.digest != last) &&
            !index.is_damaged({entry.digest, cursor.pack().id})) {
            ChunkPlace place = entry.place;
            place.pack = number->second;
            builder.add(entry.digest, place);
            last = entry.digest;
            any = true;
        }
        cursor.advance();
        if (!cursor.done()) order.push(first);
    }
    return any ? builder.finish() : "";
}

void merge_small_indexes(Backend& backend) {
    if (backend.list("index").size() <= many_indexes) return;
    const std::unique_ptr<Guard> maintaining = backend.try_maintain();
    if (!maintaining) return;
    const Index index(backend);  // loaded under the lock: what is listed now is all there is to merge
    std::vector<const IndexSegment*> segments = index.segments();
    std::sort(segments.begin(), segments.end(),
              [](const auto* a, const auto* b) { return a->entries() < b->entries(); });
    // Take small ones until the next is larger than all before it together: each entry is rewritten O(log n) times in
    // its life.
    std::vector<const IndexSegment*> small;
    std::uint64_t sum = 0;
    for (const IndexSegment* segment : segments) {
        if (small.size() >= many_indexes / 2 && segment->entries() > sum) break;
        small.push_back(segment);
        sum += segment->entries();
    }
    const std::string merged = merge_segments(backend, index, small, {.without = missing_packs(backend, index)});
    std::vector<std::string> old;
    for (const IndexSegment* segment : small)
        if (segment->name() != merged) old.push_back(segment->name());
    backend.discard(old);  // what one that comes back says still holds: packs go only after a sync of index/
}

}  // namespace ft::store
