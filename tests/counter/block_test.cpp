// Goal: a block that is not what was written there is never taken for it, and torn is told from rotten.
// Method: every single bit, every mixture of the sectors of two writes, other places, other files.
#include "libcore/counter/block.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "tests/catch.h"

namespace ft::counter {

namespace {

using Found = Opened::Found;
constexpr Place here{.number = 5, .salt = 0x1234567890abcdef};

Bytes payload_of(unsigned char first, std::size_t size = block_payload) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(first + i % 251);
    return bytes;
}

Block sealed(View payload, std::uint64_t generation, Place place = here) {
    Block block;
    seal(payload, generation, place, block);
    return block;
}

void copy_sector(const Block& from, std::size_t source, Block& to, std::size_t target) {
    std::copy_n(from.bytes.begin() + static_cast<std::ptrdiff_t>(source * sector_size), sector_size,
                to.bytes.begin() + static_cast<std::ptrdiff_t>(target * sector_size));
}

}  // namespace

TEST_CASE("a block gives back what was put into it, and zeros behind", "[counter]") {
    for (const std::size_t size : {0UL, 1UL, 487UL, 488UL, 489UL, 3903UL, block_payload}) {
        const Opened opened = open(sealed(payload_of(1, size), 42), here);
        CHECK(opened.found == Found::whole);
        CHECK(opened.generation == 42);
        Bytes expected = payload_of(1, size);
        expected.resize(block_payload);
        CHECK(opened.payload == expected);
    }
}

TEST_CASE("every flipped bit of a block is found, and the other sectors still tell the generation", "[counter]") {
    Block block = sealed(payload_of(7), 42);
    std::size_t taken = 0, unsure = 0;
    for (std::size_t bit = 0; bit < block_size * 8; ++bit) {
        const std::byte mask{static_cast<unsigned char>(1U << bit % 8)};
        block.bytes[bit / 8] ^= mask;
        const Opened opened = open(block, here);
        if (opened.found != Found::rotten || !opened.payload.empty()) ++taken;
        if (opened.generation != 42) ++unsure;
        block.bytes[bit / 8] ^= mask;
    }
    CHECK(taken == 0);
    CHECK(unsure == 0);
    CHECK(open(block, here).found == Found::whole);
}

TEST_CASE("every tearing of a block is told, with the newer generation", "[counter]") {
    const Block older = sealed(payload_of(1), 41), newer = sealed(payload_of(2), 42);
    for (unsigned mixture = 1; mixture < 255; ++mixture) {
        Block torn = older;
        for (std::size_t i = 0; i < sectors_per_block; ++i)
            if ((mixture >> i & 1U) != 0) copy_sector(newer, i, torn, i);
        const Opened opened = open(torn, here);
        CHECK(opened.found == Found::torn);
        CHECK(opened.generation == 42);
        torn.bytes[1000] ^= std::byte{1};
        CHECK(open(torn, here).found == Found::rotten);  // torn and rotten: not believed to be torn only
    }
}

TEST_CASE("a block of another place, another file, or moved within itself is rotten", "[counter]") {
    const Block block = sealed(payload_of(3), 42);
    CHECK(open(block, {here.number + 1, here.salt}).found == Found::rotten);
    CHECK(open(block, {here.number, here.salt ^ 1}).found == Found::rotten);
    CHECK(open(block, {here.number + 1, here.salt}).generation == 0);
    Block moved = block;
    copy_sector(block, 2, moved, 3);
    CHECK(open(moved, here).found == Found::rotten);
}

TEST_CASE("zeros, ones and noise are rotten and of no generation", "[counter]") {
    for (const unsigned fill : {0x00U, 0xffU, 0x5aU}) {
        Block block;
        block.bytes.fill(static_cast<std::byte>(fill));
        const Opened opened = open(block, here);
        CHECK(opened.found == Found::rotten);
        CHECK(opened.generation == 0);
    }
}

}  // namespace ft::counter
