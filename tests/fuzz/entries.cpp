// A stream of entries, in pieces of any size (the first byte says which): all that is read encodes to the same bytes.
#include <algorithm>

#include "libcore/source/entry.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ft::View stream = ft::fuzz::view_of_input(data + 1, size - 1);
    const std::size_t piece = data[0] + std::size_t{1};
    std::size_t at = 0;
    const auto pull = [&] {
        const ft::View next = stream.subspan(at, std::min(piece, stream.size() - at));
        at += next.size();
        return ft::fuzz::copy_of(next);
    };
    ft::Bytes again;
    ft::source::EntryWriter writer([&](ft::View bytes) { again.insert(again.end(), bytes.begin(), bytes.end()); });
    const bool whole = ft::fuzz::accepts([&] {
        ft::source::EntryReader reader(pull, "entries");
        while (const auto entry = reader.next()) {
            ft::check(ft::source::is_safe_path(entry->path) || entry->path.empty(), "a path stays below its root");
            writer.append(*entry);
        }
    });
    if (whole) ft::check(std::ranges::equal(again, stream), "entries have one encoding");
    return 0;
}
