#include "libcore/counter/layout.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/counter/encoding.h"

namespace ft::counter {

namespace {

constexpr std::string_view magic("ftcount\0", 8);
constexpr std::uint16_t format_version = 1;

void fill(Encoder& out, std::size_t size) {
    check(out.size() <= size, "what is encoded fits its block");
    static constexpr std::array<std::byte, block_payload> zeros{};
    out.raw(View(zeros).first(size - out.size()));
}

/// What follows the last field is zeros: nothing that a later version means is passed over.
void need_zeros(Decoder& in) {
    const View rest = in.raw(in.left());
    if (!std::all_of(rest.begin(), rest.end(), [](std::byte b) { return b == std::byte{0}; }))
        in.fail("bytes that mean nothing to this version");
}

}  // namespace

std::uint64_t Header::salt() const {
    std::uint64_t salt = 0;
    std::memcpy(&salt, replica.bytes.data(), sizeof salt);
    return salt;
}

void put(Encoder& out, const Header& header) {
    out.raw(header.identity.counter.bytes);
    out.raw(header.replica.bytes);
    out.u32(header.identity.keys);
    out.u64(static_cast<std::uint64_t>(header.identity.created.s));
    out.u32(header.identity.created.ns);
}

Header take_header(Decoder& in) {
    Header header;
    header.identity.counter = take_uuid(in);
    header.replica = take_uuid(in);
    header.identity.keys = in.u32();
    if (header.identity.keys > most_keys) in.fail("more keys than any counter remembers");
    header.identity.created.s = static_cast<std::int64_t>(in.u64());
    header.identity.created.ns = in.u32();
    return header;
}

Bytes encode(const Header& header) {
    Encoder out;
    out.raw(view_of(magic));
    out.u16(format_version);
    out.u32(0);  // features
    put(out, header);
    fill(out, block_payload);
    return out.take();
}

Header decode_header(View payload, std::string_view where) {
    Decoder in(payload, where);
    if (text_of(in.raw(magic.size())) != magic) in.fail("not a replica of a counter");
    if (const auto version = in.u16(); version != format_version)
        in.fail("format version " + std::to_string(version) + ", this program knows 1; use a newer ftcounter");
    if (in.u32() != 0) in.fail("it needs features that this program does not have; use a newer ftcounter");
    const Header header = take_header(in);
    need_zeros(in);
    return header;
}

void put(Encoder& out, const Tail& tail) {
    out.raw(tail.replica.bytes);
    out.raw(tail.counter.bytes);
    put(out, tail.promise);
    put(out, tail.version);
    put(out, tail.head);
    out.u8(tail.annex.place);
    out.u64(tail.annex.generation);
    out.u32(tail.annex.size);
    out.u64(tail.annex.checksum);
    out.u64(tail.first_key_block);
    out.u64(tail.newest_keys);
    out.u16(tail.sealed);
    for (const Entry& entry : tail.pending) put(out, entry);
    check(out.size() <= block_payload, "a tail fits its block");
}

Bytes encode(const Tail& tail) {
    Encoder out;
    put(out, tail);
    return out.take();
}

Tail decode_tail(View payload, std::string_view where) {
    Decoder in(payload, where);
    Tail tail;
    tail.replica = take_uuid(in);
    tail.counter = take_uuid(in);
    tail.promise = take_ballot(in);
    tail.version = take_version(in);
    tail.head = take_head(in);
    tail.annex.place = in.u8();
    tail.annex.generation = in.u64();
    tail.annex.size = in.u32();
    tail.annex.checksum = in.u64();
    if (tail.annex.place > 1 || tail.annex.size > most_annex_bytes) in.fail("an annex that cannot be");
    tail.first_key_block = in.u64();
    tail.newest_keys = in.u64();
    tail.sealed = in.u16();
    if (tail.first_key_block > tail.key_blocks() || tail.sealed > tail.key_blocks() - tail.first_key_block)
        in.fail("key blocks that cannot be");
    tail.pending.resize(tail.head.keyed % keys_per_block);
    for (Entry& entry : tail.pending) entry = take_entry(in);
    need_zeros(in);
    return tail;
}

void put(Encoder& out, const KeyBlock& keys) {
    out.raw(keys.replica.bytes);
    out.u64(keys.number);
    out.u64(keys.before);
    for (const Entry& entry : keys.entries) put(out, entry);
    fill(out, block_payload);
}

Bytes encode(const KeyBlock& keys) {
    Encoder out;
    put(out, keys);
    return out.take();
}

KeyBlock decode_keys(View payload, std::string_view where) {
    Decoder in(payload, where);
    KeyBlock keys;
    keys.replica = take_uuid(in);
    keys.number = in.u64();
    keys.before = in.u64();
    keys.entries.resize(keys_per_block);
    for (Entry& entry : keys.entries) entry = take_entry(in);
    need_zeros(in);
    return keys;
}

Bytes encode(const Annex& annex) {
    Encoder out;
    put(out, annex);
    return out.take();
}

Annex decode_annex(View bytes, std::string_view where) {
    Decoder in(bytes, where);
    Annex annex = take_annex(in);
    in.end();
    return annex;
}

}  // namespace ft::counter
