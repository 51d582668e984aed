#include "libcore/base/bytes.h"

#include <algorithm>
#include <string>

#include "libcore/base/failure.h"

namespace ft {

namespace {
constexpr std::size_t varint_limit = 10;  // bytes: ceil(64 / 7)
}

void Encoder::grow(std::size_t n) {
    constexpr std::size_t least = 256;
    bytes_.resize(std::max({least, 2 * bytes_.size(), size_ + n}));
}

std::uint64_t Decoder::long_varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < varint_limit; ++i) {
        if (i == left_.size()) fail("ends within a number");
        const auto byte = std::to_integer<std::uint64_t>(left_[i]);
        if (i == varint_limit - 1 && byte > 1) break;  // bits beyond the 64th
        value |= (byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            // One number, one spelling: equal content must give equal bytes.
            if (byte == 0 && i > 0) fail("a number is not in its shortest form");
            left_ = left_.subspan(i + 1);
            return value;
        }
    }
    fail("a number is longer than 64 bits");
}

std::int64_t Decoder::signed_varint() {
    const std::uint64_t v = varint();
    return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1));
}

std::uint64_t Decoder::bounded(std::uint64_t limit, std::string_view field) {
    const std::uint64_t value = varint();
    if (value > limit)
        fail(std::string(field) + " is " + std::to_string(value) + ", more than " + std::to_string(limit));
    return value;
}

View Decoder::blob(std::size_t limit) {
    const std::uint64_t length = varint();
    if (length > limit) fail("a field of " + std::to_string(length) + " bytes, more than " + std::to_string(limit));
    return raw(static_cast<std::size_t>(length));
}

void Decoder::end() const {
    if (!left_.empty()) fail(std::to_string(left_.size()) + " bytes too many");
}

void Decoder::fail(std::string_view why) const { throw damage(where_, why); }

void Decoder::fail_short(std::size_t wanted) const {
    fail("ends too early: " + std::to_string(wanted) + " bytes wanted, " + std::to_string(left_.size()) + " left");
}

}  // namespace ft
