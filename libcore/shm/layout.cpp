#include "libcore/shm/layout.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "libcore/base/failure.h"

namespace ft::shm {

namespace {

constexpr std::string_view magic{"ftshm\0\0\0", 8};
constexpr std::uint16_t format_version = 1;
constexpr std::size_t checksum_at = header_bytes - 8;
constexpr std::size_t page = 4096;

/// Layouts of other machines' words and locks are other layouts.
constexpr std::uint16_t lock_bytes = sizeof(pthread_mutex_t);

void put(Encoder& out, const counter::Version& version) {
    out.u64(version.ballot.number);
    out.u64(version.ballot.proposer);
    out.u64(version.sequence);
}

counter::Version take_version(Decoder& in) {
    counter::Version version;
    version.ballot.number = in.u64();
    version.ballot.proposer = in.u64();
    version.sequence = in.u64();
    return version;
}

void need_known(Decoder& in) {
    if (text_of(in.raw(magic.size())) != magic) in.fail("not a counter's segment");
    if (const auto version = in.u16(); version != format_version)
        in.fail("format version " + std::to_string(version) + ", this program knows 1; use a newer ftcounter");
    if (in.u16() != lock_bytes) in.fail("made by a program for another kind of processor");
}

Shape take_shape(Decoder& in) {
    Shape shape;
    shape.kind = static_cast<Kind>(in.u32());
    if (shape.kind != Kind::plain && shape.kind != Kind::exact)
        in.fail("a kind of counter that this program does not know");
    shape.start = static_cast<std::int64_t>(in.u64());
    shape.min = static_cast<std::int64_t>(in.u64());
    shape.max = static_cast<std::int64_t>(in.u64());
    shape.keys = in.u32();
    if (shape.keys == 0 || shape.keys > counter::most_keys) in.fail("a number of keys that cannot be");
    return shape;
}

}  // namespace

Layout::Layout(const Shape& shape) {
    if (shape.kind != Kind::exact) return;
    places = std::bit_ceil(std::size_t{shape.keys});
    records = std::max<std::size_t>(2 * places, 1024);
}

std::size_t Layout::bytes() const { return (ring() + records * sizeof(KeyRecord) + page - 1) / page * page; }

Bytes encode(const Header& header) {
    Encoder out;
    out.raw(view_of(magic));
    out.u16(format_version);
    out.u16(lock_bytes);
    out.u32(static_cast<std::uint32_t>(header.shape.kind));
    out.u64(static_cast<std::uint64_t>(header.shape.start));
    out.u64(static_cast<std::uint64_t>(header.shape.min));
    out.u64(static_cast<std::uint64_t>(header.shape.max));
    out.u32(header.shape.keys);
    out.raw(header.counter.bytes);
    out.u64(header.incarnation);
    out.u64(static_cast<std::uint64_t>(header.created.s));
    out.u32(header.created.ns);
    put(out, header.base);
    out.u64(header.first_key);
    out.text(header.boot);
    out.u64(header.inode);
    const Flush flush = header.shape.flush.value_or(Flush{});
    out.u64(static_cast<std::uint64_t>(flush.period.count()));
    out.text(flush.path);
    check(out.size() <= checksum_at, "a header fits its block");
    Bytes block = out.take();
    block.resize(checksum_at);
    Encoder seal;
    seal.u64(checksum_of(block));
    block.insert(block.end(), seal.view().begin(), seal.view().end());
    return block;
}

Header decode_header(View block, std::string_view where) {
    if (block.size() != header_bytes) throw damage(where, "not a counter's segment: it is too short");
    Decoder in(block, where);
    need_known(in);
    if (Decoder seal(block.subspan(checksum_at), where); seal.u64() != checksum_of(block.first(checksum_at)))
        in.fail("its header is damaged");
    Header header{.shape = take_shape(in)};
    std::ranges::copy(in.raw(header.counter.bytes.size()), header.counter.bytes.begin());
    header.incarnation = in.u64();
    header.created.s = static_cast<std::int64_t>(in.u64());
    header.created.ns = in.u32();
    header.base = take_version(in);
    header.first_key = in.u64();
    header.boot = in.text(longest_boot);
    header.inode = in.u64();
    Flush flush{.period = std::chrono::nanoseconds(static_cast<std::int64_t>(in.u64()))};
    flush.path = in.text(longest_path);
    if (flush.path.empty() ? flush.period.count() != 0 : flush.period.count() <= 0) in.fail("a flush that cannot be");
    if (!flush.path.empty()) header.shape.flush = flush;
    const View rest = in.raw(in.left() - 8);
    if (std::ranges::any_of(rest, [](std::byte b) { return b != std::byte{0}; }))
        in.fail("bytes that mean nothing to this version");
    return header;
}

}  // namespace ft::shm
