// A log of which some sectors are the fuzzer's, sealed as they should be: it is read and appended to, or refused; and
// once it is cut short it is sound.
//
// The input: pieces of a byte for the sector (the top bit: not sealed), a byte for its batch's number, two for the
// length, and the payload.
#include "libcore/wal/log.h"

#include <algorithm>

#include "libcore/sim/disk.h"
#include "libcore/wal/scan.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

using namespace wal;

const Uuid owner{};

const sim::Image& sound() {
    static const sim::Image image = [] {
        sim::SimDisk disk;
        const auto root = disk.root();
        const auto log = Log::create(*root, "log", disk.clock(), owner, {{1, Bytes(9)}}, 8 * block_size);
        for (const std::size_t size : {0, 5000, 600}) {
            log->append({2, Bytes(size, std::byte{7})});
            log->sync();
        }
        return disk.image();
    }();
    return image;
}

/// Puts the pieces of the input into the file; what they do not fill of a sector is zeros.
void put_pieces(io::File& file, View input) {
    std::vector<Block> blocks = read_blocks(file);
    const std::uint64_t salt = scan(blocks, "log", owner).header.salt();
    while (input.size() >= 4) {
        const auto byte = [&](std::size_t i) { return std::to_integer<std::uint64_t>(input[i]); };
        const std::uint64_t number = byte(0) % 128 % (blocks.size() * sectors_per_block);
        const bool sealed = byte(0) < 128;
        const auto sector = blocks[number / sectors_per_block].sector(number % sectors_per_block);
        const std::size_t length = std::min({byte(2) + 256 * byte(3), input.size() - 4, sector_payload});
        std::ranges::fill(sector, std::byte{0});
        std::ranges::copy(input.subspan(4, length), sector.begin());
        if (sealed) seal_sector(sector, byte(1), {.number = number, .salt = number < sectors_per_block ? 0 : salt});
        input = input.subspan(4 + length);
    }
    file.write_at(bytes_of(blocks), 0);
}

void open_and_append(io::Dir& dir) {
    const auto log = Log::find(dir, "log", owner);
    check(log->try_lock(), "nobody holds the lock");
    std::vector<Record> expected = log->found();
    log->append({3, Bytes(10'000, std::byte{1})});
    log->sync();
    expected.push_back({3, Bytes(10'000, std::byte{1})});
    check(read(dir, "log", owner)->records == expected, "what was appended is found again");
}

void repair(io::Dir& dir) {
    const std::vector<Record> before = read(dir, "log", owner)->records;
    cut_short(dir, "log", owner);
    const Reading after = *read(dir, "log", owner);
    check(!after.damaged && !after.torn && after.records == before, "a log that was cut short is sound");
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ft;
    sim::SimDisk disk(fuzz::sound(), 1);
    const auto root = disk.root();
    fuzz::put_pieces(*io::open_file(*root, "log", io::Access::direct), fuzz::view_of_input(data, size));
    if (fuzz::accepts([&] { fuzz::open_and_append(*root); })) return 0;
    fuzz::accepts([&] { fuzz::repair(*root); });
    return 0;
}
