// An index object: each page and each entry is inside its bounds, or it is refused; looking up never runs out of them.
#include "libcore/store/index.h"
#include "tests/fuzz/memory_object.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

constexpr std::size_t tail = 40;

/// Writes the checksums that fit: of each page, of the tables, of the tail.
void seal(Bytes& index) {
    const std::size_t end = index.size();
    const std::uint64_t pages = std::uint64_t{u32_at(index, end - 32)} * store::index_page_size;
    if (pages > end - tail) return;
    for (std::size_t at = 0; at < pages; at += store::index_page_size)
        put_u64(index, at, checksum_of(View(index).subspan(at + 8, store::index_page_size - 8)));
    put_u64(index, end - 24, checksum_of(View(index).subspan(pages, end - tail - pages)));
    put_u64(index, end - 16, checksum_of(View(index).subspan(end - tail, 24)));
}

void read(View bytes) {
    accepts([&] {
        const store::IndexSegment segment("index/x", MemoryObject(bytes));
        for (std::size_t number = 0; number < segment.pages(); ++number) {
            for (const store::IndexEntry& entry : segment.page(number)) {
                check(entry.place.pack < segment.packs().size(), "an entry points to a pack of the table");
                if (const auto slot = segment.slot(entry.digest)) check(*slot < segment.slots(), "a slot is counted");
                static_cast<void>(segment.find(entry.digest));
            }
        }
        static_cast<void>(segment.find(digest_of(bytes)));
    });
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ft::Bytes index = ft::fuzz::copy_of(ft::fuzz::view_of_input(data, size));
    ft::fuzz::read(index);
    if (size >= ft::fuzz::tail) ft::fuzz::seal(index);
    ft::fuzz::read(index);
    return 0;
}
