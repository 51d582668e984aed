// Bytes in, bytes out: views, little-endian encoding, and a reader that cannot run past its end.
//
// Every format of ft is written by Encoder and read by Decoder. Decoder throws Failure (exit 4, "damage") on the first
// field that does not fit, names `where` in it, and bounds every length by the bytes that are really there.
//
//     Encoder out; out.u32(7); out.text("name");
//     Decoder in(out.view(), "packs/ab/abc"); auto n = in.u32(); auto name = in.text(255); in.end();
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ft {

using View = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

[[nodiscard]] inline View view_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
[[nodiscard]] inline std::string_view text_of(View bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Encoder {
public:
    void u8(std::uint8_t v) { bytes_.push_back(static_cast<std::byte>(v)); }
    void u16(std::uint16_t v) { fixed(v); }
    void u32(std::uint32_t v) { fixed(v); }
    void u64(std::uint64_t v) { fixed(v); }
    /// LEB128: 7 bits a byte, least significant first, at most 10 bytes.
    void varint(std::uint64_t v) {
        if (v < 0x80)
            u8(static_cast<std::uint8_t>(v));
        else
            long_varint(v);
    }
    /// Zigzag + LEB128, for small numbers of either sign.
    void signed_varint(std::int64_t v);
    void raw(View v) { append(v.data(), v.size()); }
    /// varint length, then the bytes.
    void blob(View v) {
        varint(v.size());
        raw(v);
    }
    void text(std::string_view v) { blob(view_of(v)); }
    [[nodiscard]] View view() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] Bytes take() { return std::exchange(bytes_, {}); }
    void reserve(std::size_t n) { bytes_.reserve(n); }
    void clear() { bytes_.clear(); }

private:
    void append(const std::byte* data, std::size_t n) { bytes_.insert(bytes_.end(), data, data + n); }
    template <class T>
    void fixed(T v) {
        std::byte buffer[sizeof(T)];
        for (std::size_t i = 0; i < sizeof(T); ++i) buffer[i] = static_cast<std::byte>(v >> (8 * i));
        append(buffer, sizeof buffer);
    }
    void long_varint(std::uint64_t v);
    Bytes bytes_;
};

class Decoder {
public:
    /// where   names the object in failures; must outlive the decoder.
    Decoder(View bytes, std::string_view where) : left_(bytes), where_(where) {}

    std::uint8_t u8() { return std::to_integer<std::uint8_t>(raw(1)[0]); }
    std::uint16_t u16() { return fixed<std::uint16_t>(); }
    std::uint32_t u32() { return fixed<std::uint32_t>(); }
    std::uint64_t u64() { return fixed<std::uint64_t>(); }
    /// Refuses a number beyond 64 bits, and one that is not in its shortest form.
    std::uint64_t varint() {
        if (left_.empty() || left_[0] >= std::byte{0x80}) return long_varint();
        return u8();
    }
    std::int64_t signed_varint();
    /// A varint that must be at most `limit`.
    std::uint64_t bounded(std::uint64_t limit, std::string_view field);
    /// n bytes, a view into the input.
    View raw(std::size_t n) {
        if (n > left_.size()) fail_short(n);
        const View taken = left_.first(n);
        left_ = left_.subspan(n);
        return taken;
    }
    View blob(std::size_t limit);
    std::string_view text(std::size_t limit) { return text_of(blob(limit)); }
    [[nodiscard]] std::size_t left() const { return left_.size(); }
    [[nodiscard]] bool empty() const { return left_.empty(); }
    /// Fails unless everything was read.
    void end() const;
    /// Throws damage(where, why).
    [[noreturn]] void fail(std::string_view why) const;

private:
    template <class T>
    T fixed() {
        View v = raw(sizeof(T));
        T value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value = static_cast<T>(value | (static_cast<T>(std::to_integer<std::uint8_t>(v[i])) << (8 * i)));
        return value;
    }
    std::uint64_t long_varint();
    [[noreturn]] void fail_short(std::size_t wanted) const;
    View left_;
    std::string_view where_;
};

}  // namespace ft
