#include "libcore/base/hash.h"

namespace ft {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

std::string to_hex(View bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const std::byte byte : bytes) {
        text += hex_digits[std::to_integer<unsigned>(byte >> 4)];
        text += hex_digits[std::to_integer<unsigned>(byte & std::byte{0xF})];
    }
    return text;
}

std::optional<unsigned> hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    return std::nullopt;
}

/// The Digest or Uuid that these digits are.
template <class Name>
std::optional<Name> named_by(std::string_view hex) {
    Name name;
    if (hex.size() != 2 * name.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < name.bytes.size(); ++i) {
        const auto high = hex_value(hex[2 * i]);
        const auto low = hex_value(hex[2 * i + 1]);
        if (!high || !low) return std::nullopt;
        name.bytes[i] = static_cast<std::byte>(*high << 4 | *low);
    }
    return name;
}

}  // namespace

std::string Digest::hex() const { return to_hex(bytes); }

std::uint64_t Digest::prefix() const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = (value << 8) | std::to_integer<std::uint64_t>(bytes[i]);
    return value;
}

std::optional<Digest> Digest::from_hex(std::string_view hex) { return named_by<Digest>(hex); }

std::string Uuid::hex() const { return to_hex(bytes); }

std::optional<Uuid> Uuid::from_hex(std::string_view hex) { return named_by<Uuid>(hex); }

}  // namespace ft
