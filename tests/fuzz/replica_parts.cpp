// The parts of a replica (the first byte says which): what is read encodes to the same bytes, or it is refused.
#include <algorithm>

#include "libcore/counter/layout.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

/// all  where it is written with the zeros that fill its block.
template <class Decode>
void decode(View bytes, bool all, Decode decode_part) {
    accepts([&] {
        const Bytes again = encode(decode_part(bytes, "a part"));
        const View read = all ? bytes : bytes.first(std::min(again.size(), bytes.size()));
        check(std::ranges::equal(View(again).first(read.size()), read), "a part has one encoding");
        check(again.size() >= read.size(), "nothing is lost");
    });
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ft::counter;
    if (size == 0) return 0;
    const ft::View part = ft::fuzz::view_of_input(data + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            ft::fuzz::decode(part, false, decode_header);
            break;
        case 1:
            ft::fuzz::decode(part, false, decode_tail);
            break;
        case 2:
            ft::fuzz::decode(part, false, decode_keys);
            break;
        default:
            ft::fuzz::decode(part, true, decode_annex);
    }
    return 0;
}
