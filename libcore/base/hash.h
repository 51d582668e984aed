// Names and checksums: SHA-256 names content (it must resist forgery), XXH3 guards stored bytes against decay.
//
//     Digest d = digest_of(bytes);        // identity of a chunk
//     uint64_t c = checksum_of(bytes);    // covers what lies on disk
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/bytes.h"

namespace ft {

/// SHA-256 of some content (FIPS 180-4).
struct Digest {
    std::array<std::byte, 32> bytes{};
    auto operator<=>(const Digest&) const = default;
    [[nodiscard]] std::string hex() const;
    /// The first 8 bytes, big-endian: orders like the digest itself.
    [[nodiscard]] std::uint64_t prefix() const;
    [[nodiscard]] static std::optional<Digest> from_hex(std::string_view hex);
};

[[nodiscard]] Digest digest_of(View content);
/// digest_of each, in order. Twice as fast as one after the other where the processor has SHA instructions.
[[nodiscard]] std::vector<Digest> digests_of(std::span<const View> contents);
/// XXH3, 64 bits, seed 0 (Collet 2019).
[[nodiscard]] std::uint64_t checksum_of(View stored);

/// XXH3, 128 bits: stands for some text where nobody gains by a collision.
struct Fingerprint {
    std::uint64_t low = 0, high = 0;
    auto operator<=>(const Fingerprint&) const = default;
};
[[nodiscard]] Fingerprint fingerprint_of(View text, std::uint64_t seed);

/// 16 random bytes that name one object for ever.
struct Uuid {
    std::array<std::byte, 16> bytes{};
    auto operator<=>(const Uuid&) const = default;
    [[nodiscard]] std::string hex() const;
    [[nodiscard]] static std::optional<Uuid> from_hex(std::string_view hex);
};

}  // namespace ft

template <>
struct std::hash<ft::Digest> {
    std::size_t operator()(const ft::Digest& d) const noexcept {
        std::size_t h = 0;
        std::memcpy(&h, d.bytes.data(), sizeof h);
        return h;
    }
};
