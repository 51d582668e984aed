#include "libcore/counter/block.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::counter {

namespace {

SectorPlace place_of(std::size_t sector, Place block) {
    return {.number = block.number * sectors_per_block + sector, .salt = block.salt};
}

}  // namespace

void seal(View payload, std::uint64_t generation, Place place, Block& into) {
    check(payload.size() <= block_payload, "a block's payload fits");
    for (std::size_t i = 0; i < sectors_per_block; ++i) {
        std::byte* sector = into.bytes.data() + i * sector_size;
        const View part = payload.first(std::min(payload.size(), sector_payload));
        payload = payload.subspan(part.size());
        std::copy(part.begin(), part.end(), sector);
        std::fill(sector + part.size(), sector + sector_payload, std::byte{0});
        seal_sector(std::span<std::byte, sector_size>(sector, sector_size), generation, place_of(i, place));
    }
}

Opened open(const Block& block, Place place) {
    Opened opened;
    bool sound = true, mixed = false;
    opened.payload.resize(block_payload);
    for (std::size_t i = 0; i < sectors_per_block; ++i) {
        const std::byte* sector = block.bytes.data() + i * sector_size;
        const std::optional<std::uint64_t> generation =
            sector_generation(std::span<const std::byte, sector_size>(sector, sector_size), place_of(i, place));
        sound = sound && generation;
        if (!generation) continue;
        mixed = mixed || (i != 0 && *generation != opened.generation);
        opened.generation = std::max(opened.generation, *generation);
        std::copy_n(sector, sector_payload, opened.payload.begin() + static_cast<std::ptrdiff_t>(i * sector_payload));
    }
    opened.found = !sound ? Opened::Found::rotten : mixed ? Opened::Found::torn : Opened::Found::whole;
    if (opened.found != Opened::Found::whole) opened.payload.clear();
    return opened;
}

}  // namespace ft::counter
