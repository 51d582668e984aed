#include "libcore/counter/block.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/base/hash.h"

namespace ft::counter {

namespace {

constexpr std::size_t checked = sector_size - 8;

void put(std::uint64_t value, std::byte* at) {
    for (int i = 0; i < 8; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

std::uint64_t get(const std::byte* at) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= std::to_integer<std::uint64_t>(at[i]) << (8 * i);
    return value;
}

std::uint64_t sector_number(Place place, std::size_t sector) { return place.number * sectors_per_block + sector; }

}  // namespace

void seal(View payload, std::uint64_t generation, Place place, Block& into) {
    check(payload.size() <= block_payload, "a block's payload fits");
    for (std::size_t i = 0; i < sectors_per_block; ++i) {
        std::byte* sector = into.bytes.data() + i * sector_size;
        const View part = payload.first(std::min(payload.size(), sector_payload));
        payload = payload.subspan(part.size());
        std::copy(part.begin(), part.end(), sector);
        std::fill(sector + part.size(), sector + sector_payload, std::byte{0});
        put(generation, sector + sector_payload);
        put(sector_number(place, i), sector + sector_payload + 8);
        put(checksum_of({sector, checked}) ^ place.salt, sector + checked);
    }
}

Opened open(const Block& block, Place place) {
    Opened opened;
    bool sound = true, mixed = false;
    opened.payload.resize(block_payload);
    for (std::size_t i = 0; i < sectors_per_block; ++i) {
        const std::byte* sector = block.bytes.data() + i * sector_size;
        const bool fits = get(sector + checked) == (checksum_of({sector, checked}) ^ place.salt) &&
                          get(sector + sector_payload + 8) == sector_number(place, i);
        sound = sound && fits;
        if (!fits) continue;
        const std::uint64_t generation = get(sector + sector_payload);
        mixed = mixed || (i != 0 && generation != opened.generation);
        opened.generation = std::max(opened.generation, generation);
        std::copy_n(sector, sector_payload, opened.payload.begin() + static_cast<std::ptrdiff_t>(i * sector_payload));
    }
    opened.found = !sound ? Opened::Found::rotten : mixed ? Opened::Found::torn : Opened::Found::whole;
    if (opened.found != Opened::Found::whole) opened.payload.clear();
    return opened;
}

}  // namespace ft::counter
