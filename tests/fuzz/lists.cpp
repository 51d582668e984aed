// Marks, guards of marks and lists of damage: what is read encodes to the same bytes, or it is refused.
#include <algorithm>

#include "libcore/base/hash.h"
#include "libcore/store/lists.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

void decode(View bytes) {
    accepts([&] {
        const Bytes again = store::encode_mark(store::decode_mark(bytes, "a mark"));
        check(std::ranges::equal(again, bytes), "a mark has one encoding");
    });
    accepts([&] {
        const Bytes again = store::encode_guards(store::decode_guards(bytes, "a list of guards"));
        check(std::ranges::equal(again, bytes), "a list of guards has one encoding");
    });
    accepts([&] {
        const Bytes again = store::encode_damage(store::decode_damage(bytes, "a list of damage"));
        check(std::ranges::equal(again, bytes), "a list of damage has one encoding");
    });
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ft::Bytes list = ft::fuzz::copy_of(ft::fuzz::view_of_input(data, size));
    ft::fuzz::decode(list);
    if (size < 8) return 0;
    ft::fuzz::put_u64(list, size - 8, ft::checksum_of(ft::View(list).first(size - 8)));
    ft::fuzz::decode(list);
    return 0;
}
