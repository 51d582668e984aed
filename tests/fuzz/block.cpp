// A block from a damaged or hostile pack: decode() gives what its header says or refuses.
#include "libcore/store/block.h"

#include "libcore/base/hash.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

void decode(View stored) {
    static store::BlockDecoder decoder;  // kept for all inputs, as a restore keeps it: one must not disturb the next
    static Scratch memory;
    accepts([&] {
        store::check_block(stored, "a block");
        const View raw = decoder.decode(stored, memory, "a block");
        check(raw.size() == u32_at(stored, 12), "a block has the length that its header says");
    });
}

/// With the length and the checksum that fit.
Bytes sealed(View input) {
    Bytes block = copy_of(input);
    for (std::size_t i = 0; i < 4; ++i) block[8 + i] = static_cast<std::byte>(block.size() >> (8 * i));
    put_u64(block, 0, checksum_of(View(block).subspan(8)));
    return block;
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ft::View input = ft::fuzz::view_of_input(data, size);
    ft::fuzz::decode(input);
    if (size >= ft::store::block_header_size) ft::fuzz::decode(ft::fuzz::sealed(input));
    return 0;
}
