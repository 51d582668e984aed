// A whole pack: its table names blocks that lie in it, without gaps, or it is refused.
#include "libcore/base/hash.h"
#include "libcore/store/pack.h"
#include "tests/fuzz/memory_object.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

constexpr std::size_t tail = 48;

/// Writes the checksums that fit. returns  where the footer starts, by the tail; 0 where that is no place in the pack.
std::size_t seal(Bytes& pack) {
    const std::size_t end = pack.size();
    const std::uint64_t footer = Decoder(View(pack).last(tail), "a tail").u64();
    if (footer > end - tail) return 0;
    put_u64(pack, end - 32, checksum_of(View(pack).subspan(footer, end - tail - footer)));
    put_u64(pack, end - 16, checksum_of(View(pack).subspan(end - tail, 32)));
    return footer;
}

void read(View pack, std::size_t footer) {
    accepts([&] {
        std::uint64_t at = 16;
        for (const store::PackBlock& block : read_pack_table(MemoryObject(pack), digest_of(pack.subspan(footer)))) {
            check(block.offset == at && at + block.stored <= footer, "a block lies behind the one before");
            at += block.stored;
        }
        check(at == footer, "blocks end where the footer starts");
    });
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ft::Bytes pack = ft::fuzz::copy_of(ft::fuzz::view_of_input(data, size));
    ft::fuzz::read(pack, 0);
    if (size >= ft::fuzz::tail) ft::fuzz::read(pack, ft::fuzz::seal(pack));
    return 0;
}
