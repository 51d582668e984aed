// What the fuzz targets share. Hostile bytes may be refused by a Failure and by nothing else: another exception, a
// sanitizer's word, a timeout or too much memory is a finding.
//
// Formats end in a checksum, which no fuzzer guesses: a target looks at the input as it is, and then again with the
// right checksums in it, as an attacker would write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "libcore/base/bytes.h"
#include "libcore/base/failure.h"

/// What libFuzzer calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ft::fuzz {

inline View view_of_input(const std::uint8_t* data, std::size_t size) { return std::as_bytes(std::span(data, size)); }
inline Bytes copy_of(View bytes) { return {bytes.begin(), bytes.end()}; }

/// Whether `body` ended well; false where it refused its input, which is always right.
///
/// exit  the code that such a refusal must have.
template <class Body>
bool accepts(Body body, Exit exit = Exit::damage) {
    try {
        body();
        return true;
    } catch (const Failure& failure) {
        check(failure.exit() == exit, "a refusal has the exit code that the table promises");
        check(!std::string_view(failure.what()).empty(), "a refusal says why");
        return false;
    }
}

/// Writes a little-endian number over the bytes at `at`.
inline void put_u64(Bytes& bytes, std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

/// The little-endian number of four bytes at `at`.
[[nodiscard]] inline std::uint32_t u32_at(View bytes, std::size_t at) {
    return Decoder(bytes.subspan(at, 4), "an input").u32();
}

}  // namespace ft::fuzz
