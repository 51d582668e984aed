#include "libcore/base/sector.h"

#include "libcore/base/hash.h"

namespace ft {

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

}  // namespace

void seal_sector(std::span<std::byte, sector_size> sector, std::uint64_t generation, SectorPlace place) {
    put(generation, &sector[sector_payload]);
    put(place.number, &sector[sector_payload + 8]);
    put(checksum_of(sector.first(checked)) ^ place.salt, &sector[checked]);
}

std::optional<std::uint64_t> sector_generation(std::span<const std::byte, sector_size> sector, SectorPlace place) {
    const bool fits = get(&sector[checked]) == (checksum_of(sector.first(checked)) ^ place.salt) &&
                      get(&sector[sector_payload + 8]) == place.number;
    if (!fits) return std::nullopt;
    return get(&sector[sector_payload]);
}

}  // namespace ft
