// Claims of ft2pc: what is read encodes to the same bytes, or it is refused.
#include "libcore/twophase/claim.h"

#include <algorithm>

#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

void decode(View bytes) {
    accepts([&] {
        const Bytes again = twophase::encode(twophase::decode_claim(bytes, "a claim"));
        check(std::ranges::equal(again, bytes), "a claim has one encoding");
    });
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ft::Bytes claim = ft::fuzz::copy_of(ft::fuzz::view_of_input(data, size));
    ft::fuzz::decode(claim);
    if (size < 8) return 0;
    ft::fuzz::put_u64(claim, size - 8, ft::checksum_of(ft::View(claim).first(size - 8)));
    ft::fuzz::decode(claim);
    return 0;
}
