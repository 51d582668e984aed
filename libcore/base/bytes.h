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
#include <memory>
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

/// Memory that is about to be written: not zeroed, used again, grows but never shrinks.
class Scratch {
public:
    /// The first `size` bytes, with any content; valid until the next call.
    [[nodiscard]] std::span<std::byte> first(std::size_t size) {
        if (size > room_) {
            memory_ = std::make_unique_for_overwrite<std::byte[]>(size);
            room_ = size;
        }
        return {memory_.get(), size};
    }

private:
    std::unique_ptr<std::byte[]> memory_;
    std::size_t room_ = 0;
};

class Encoder {
public:
    void u8(std::uint8_t v) { fixed(v); }
    void u16(std::uint16_t v) { fixed(v); }
    void u32(std::uint32_t v) { fixed(v); }
    void u64(std::uint64_t v) { fixed(v); }
    /// LEB128: 7 bits a byte, least significant first, at most 10 bytes.
    void varint(std::uint64_t v) {
        std::byte* out = room(10);
        for (; v >= 0x80; v >>= 7) *out++ = static_cast<std::byte>(v | 0x80);
        *out++ = static_cast<std::byte>(v);
        size_ = static_cast<std::size_t>(out - bytes_.data());
    }
    /// Zigzag + LEB128, for small numbers of either sign.
    void signed_varint(std::int64_t v) {
        varint((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
    }
    /// v must not lie in this encoder's own bytes.
    void raw(View v) {
        if (v.empty()) return;
        std::memcpy(room(v.size()), v.data(), v.size());
        size_ += v.size();
    }
    /// varint length, then the bytes.
    void blob(View v) {
        varint(v.size());
        raw(v);
    }
    void text(std::string_view v) { blob(view_of(v)); }
    [[nodiscard]] View view() const { return {bytes_.data(), size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] Bytes take() {
        bytes_.resize(std::exchange(size_, 0));
        return std::exchange(bytes_, {});
    }
    /// Forgets what was written and keeps the memory.
    void clear() { size_ = 0; }
    void reserve(std::size_t n) {
        if (n > bytes_.size()) bytes_.resize(n);
    }

private:
    template <class T>
    void fixed(T v) {
        std::byte* out = room(sizeof v);
        for (std::size_t i = 0; i < sizeof v; ++i) out[i] = static_cast<std::byte>(v >> (8 * i));
        size_ += sizeof v;
    }
    /// Where the next n bytes go.
    std::byte* room(std::size_t n) {
        if (bytes_.size() - size_ < n) grow(n);
        return bytes_.data() + size_;
    }
    void grow(std::size_t n);

    Bytes bytes_;  // the first size_ are written; the rest is room, so that a field costs one comparison
    std::size_t size_ = 0;
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
