// The bytes of an index object: pages of sorted entries, the packs, the fences, a tail. FORMAT.md section 5.
#include <algorithm>
#include <mutex>

#include "libcore/base/failure.h"
#include "libcore/store/block.h"
#include "libcore/store/index.h"

namespace ft::store {
namespace {

constexpr std::string_view tail_magic{"ftindex\1", 8};
constexpr std::size_t tail_size = 40;
constexpr std::size_t pack_row = 40;
constexpr std::size_t page_head = 16;

IndexEntry decode_entry(View at) {
    Decoder in(at, "an index entry");
    IndexEntry entry;
    std::memcpy(entry.digest.bytes.data(), in.raw(32).data(), 32);
    entry.place.pack = in.u32();
    entry.place.block_offset = in.u32();
    entry.place.block_stored = in.u32();
    entry.place.chunk_offset = in.u32();
    entry.place.length = in.u32();
    return entry;
}

bool plausible(const ChunkPlace& place, const std::vector<PackInfo>& packs) {
    return place.pack < packs.size() &&
           std::uint64_t{place.block_offset} + place.block_stored <= packs[place.pack].size &&
           place.block_stored >= block_header_size &&
           std::uint64_t{place.chunk_offset} + place.length <= block_raw_limit;
}

}  // namespace

void append_entries(std::vector<IndexEntry>& entries, const std::vector<PackBlock>& blocks, std::uint32_t number) {
    for (const PackBlock& block : blocks) {
        std::uint32_t at = 0;
        for (const ChunkRef& chunk : block.chunks) {
            entries.push_back({chunk.digest, {number, block.offset, block.stored, at, chunk.length}});
            at += chunk.length;
        }
    }
}

void sort_entries(std::vector<IndexEntry>& entries) {
    std::sort(entries.begin(), entries.end(),
              [](const IndexEntry& a, const IndexEntry& b) { return a.digest < b.digest; });
    const auto same = [](const IndexEntry& a, const IndexEntry& b) { return a.digest == b.digest; };
    entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
}

IndexBuilder::IndexBuilder(Backend& backend, std::vector<PackInfo> packs)
    : backend_(backend), upload_(backend.upload("index")), packs_(std::move(packs)) {}

void IndexBuilder::add(const Digest& digest, const ChunkPlace& place) {
    if (in_page_ == 0) fences_.push_back(digest.prefix());
    page_.raw(digest.bytes);
    for (const std::uint32_t field :
         {place.pack, place.block_offset, place.block_stored, place.chunk_offset, place.length})
        page_.u32(field);
    ++entries_;
    if (++in_page_ == entries_per_page) flush_page();
}

void IndexBuilder::flush_page() {
    if (in_page_ == 0) return;
    Encoder body;
    body.u64(in_page_);
    body.raw(page_.view());
    Bytes rest = body.take();
    rest.resize(index_page_size - 8);
    Encoder sum;
    sum.u64(checksum_of(rest));
    upload_->append(sum.view());
    upload_->append(rest);
    page_sums_.insert(page_sums_.end(), sum.view().begin(), sum.view().end());
    page_.clear();
    in_page_ = 0;
}

std::string IndexBuilder::finish() {
    flush_page();
    Encoder table;
    for (const PackInfo& pack : packs_) {
        table.raw(pack.id.bytes);
        table.u64(pack.size);
    }
    for (const std::uint64_t fence : fences_) table.u64(fence);
    Encoder tail;
    tail.u64(entries_);
    tail.u32(static_cast<std::uint32_t>(fences_.size()));
    tail.u32(static_cast<std::uint32_t>(packs_.size()));
    tail.u64(checksum_of(table.view()));
    tail.u64(checksum_of(tail.view()));
    tail.raw(view_of(tail_magic));
    upload_->append(table.view());
    upload_->append(tail.view());
    Encoder identity;  // the name: all of the object, its pages through their checksums
    identity.raw(page_sums_);
    identity.raw(table.view());
    identity.raw(tail.view());
    const std::string name = "index/" + digest_of(identity.view()).hex();
    if (!upload_->commit(name)) backend_.settle("index");  // taken: the same entries of the same packs
    return name;
}

IndexSegment::IndexSegment(std::string name, const Object& object) : name_(std::move(name)), path_(object.path()) {
    if (object.size() < tail_size) throw damage(path_, "an index cannot be so short");
    mapping_ = object.map();
    const View bytes = mapping_->bytes();
    const View tail = bytes.last(tail_size);
    Decoder in(tail, path_);
    entries_ = in.u64();
    const std::uint64_t page_count = in.u32(), pack_count = in.u32();
    const std::uint64_t table_checksum = in.u64();
    if (in.u64() != checksum_of(tail.first(24))) in.fail("the tail's checksum differs");
    if (text_of(in.raw(8)) != tail_magic) in.fail("not an index or a newer version");
    const std::uint64_t table_size = pack_count * pack_row + page_count * 8;
    if (page_count * index_page_size + table_size + tail_size != bytes.size())
        in.fail("it has another length than it says");
    if (entries_ > page_count * entries_per_page) in.fail("it has more entries than its pages hold");
    const View table = bytes.subspan(page_count * index_page_size, table_size);
    if (checksum_of(table) != table_checksum) in.fail("its table's checksum differs");
    Decoder rows(table, path_);
    packs_.resize(pack_count);
    for (PackInfo& pack : packs_) {
        std::memcpy(pack.id.bytes.data(), rows.raw(32).data(), 32);
        pack.size = rows.u64();
    }
    fences_.resize(page_count);
    for (std::uint64_t& fence : fences_) fence = rows.u64();
    if (!std::is_sorted(fences_.begin(), fences_.end())) in.fail("its pages are not in order");
    seen_ = std::vector<std::atomic<std::uint8_t>>(page_count);
}

View IndexSegment::checked_page(std::size_t number) const {
    const View page = mapping_->bytes().subspan(number * index_page_size, index_page_size);
    if (seen_[number].load(std::memory_order_acquire) != 0) return page;
    Decoder in(page, path_);
    if (in.u64() != checksum_of(page.subspan(8))) in.fail("a page's checksum differs; try 'ftckpt repair'");
    const std::uint64_t count = in.u64();
    if (count == 0 || count > entries_per_page) in.fail("a page has an impossible count");
    for (std::size_t i = 0; i < count; ++i)
        if (!plausible(decode_entry(page.subspan(page_head + i * index_entry_size)).place, packs_))
            in.fail("an entry points nowhere");
    seen_[number].store(1, std::memory_order_release);
    return page;
}

std::optional<std::uint64_t> IndexSegment::slot(const Digest& digest) const {
    const std::uint64_t prefix = digest.prefix();
    // Equal prefixes may straddle pages: begin at the last page whose fence is below, go on while fences are equal.
    const auto fence = std::lower_bound(fences_.begin(), fences_.end(), prefix);
    std::size_t number = static_cast<std::size_t>(fence - fences_.begin());
    if (number > 0) --number;
    for (; number < fences_.size() && fences_[number] <= prefix; ++number) {
        const View page = checked_page(number);
        std::size_t low = 0, high = static_cast<std::size_t>(Decoder(page.subspan(8), path_).u64());
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            const int order = std::memcmp(page.data() + page_head + middle * index_entry_size, digest.bytes.data(), 32);
            if (order == 0) return number * entries_per_page + middle;
            (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
        }
    }
    return std::nullopt;
}

std::optional<ChunkPlace> IndexSegment::find(const Digest& digest) const {
    const std::optional<std::uint64_t> at = slot(digest);
    if (!at) return std::nullopt;
    const View page = checked_page(*at / entries_per_page);
    return decode_entry(page.subspan(page_head + *at % entries_per_page * index_entry_size)).place;
}

std::vector<IndexEntry> IndexSegment::page(std::size_t number) const {
    const View page = checked_page(number);
    std::vector<IndexEntry> entries(Decoder(page.subspan(8), path_).u64());
    for (std::size_t i = 0; i < entries.size(); ++i)
        entries[i] = decode_entry(page.subspan(page_head + i * index_entry_size));
    return entries;
}

}  // namespace ft::store
