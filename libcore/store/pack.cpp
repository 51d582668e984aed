#include "libcore/store/pack.h"

#include <utility>

#include "libcore/base/failure.h"
#include "libcore/store/block.h"

namespace ft::store {
namespace {

constexpr std::string_view head_magic{"ftpack\0\1", 8};
constexpr std::string_view tail_magic{"ftpack\0E", 8};
constexpr std::size_t head_size = 16;
constexpr std::size_t tail_size = 48;
constexpr std::size_t block_row = 24;
constexpr std::size_t chunk_row = 36;

void encode_head(Encoder& out) {
    out.raw(view_of(head_magic));
    out.u64(0);
}

Bytes encode_footer(const std::vector<PackBlock>& blocks, std::uint64_t offset, std::uint64_t nonce) {
    Encoder out;
    std::uint32_t chunks = 0;
    for (const PackBlock& block : blocks) {
        out.u32(block.offset);
        out.u32(block.stored);
        out.u32(block.raw);
        out.u32(static_cast<std::uint32_t>(block.chunks.size()));
        out.u64(block.checksum);
        chunks += static_cast<std::uint32_t>(block.chunks.size());
    }
    for (const PackBlock& block : blocks) {
        for (const ChunkRef& chunk : block.chunks) {
            out.raw(chunk.digest.bytes);
            out.u32(chunk.length);
        }
    }
    const std::uint64_t table_checksum = checksum_of(out.view());
    const std::size_t table_size = out.size();
    out.u64(offset);
    out.u32(static_cast<std::uint32_t>(blocks.size()));
    out.u32(chunks);
    out.u64(table_checksum);
    out.u64(nonce);
    out.u64(checksum_of(out.view().subspan(table_size)));
    out.raw(view_of(tail_magic));
    return out.take();
}

struct Tail {
    std::uint64_t offset = 0;
    std::uint32_t blocks = 0, chunks = 0;
    std::uint64_t table_checksum = 0;
};

Tail read_tail(const Object& pack) {
    const std::string where = pack.path();
    if (pack.size() > pack_limit || pack.size() < head_size + tail_size)
        throw damage(where, "a pack cannot have this length");
    Bytes head(head_size);
    pack.read_at(head, 0);
    if (text_of(View(head).first(head_magic.size())) != head_magic)
        throw damage(where, "not a pack or a newer version");
    for (std::byte b : View(head).subspan(head_magic.size()))
        if (b != std::byte{0}) throw damage(where, "a reserved field of its head is not zero");
    Bytes bytes(tail_size);
    pack.read_at(bytes, pack.size() - tail_size);
    Decoder in(bytes, where);
    Tail tail{.offset = in.u64(), .blocks = in.u32(), .chunks = in.u32(), .table_checksum = in.u64()};
    in.u64();  // the nonce: only there to make the name unique
    if (in.u64() != checksum_of(View(bytes).first(32))) in.fail("the tail's checksum differs");
    if (text_of(in.raw(8)) != tail_magic) in.fail("it does not end like a pack");
    const std::uint64_t table = std::uint64_t{tail.blocks} * block_row + std::uint64_t{tail.chunks} * chunk_row;
    if (tail.offset < head_size || tail.offset + table + tail_size != pack.size())
        in.fail("its table has another length than it says");
    return tail;
}

PackBlock decode_block_row(Decoder& in, std::uint64_t expected_offset, std::uint64_t end, std::uint64_t chunks_left) {
    PackBlock block;
    block.offset = in.u32();
    block.stored = in.u32();
    block.raw = in.u32();
    const std::uint32_t chunks = in.u32();
    if (chunks > chunks_left) in.fail("a block has more chunks than the pack");
    block.chunks.resize(chunks);
    block.checksum = in.u64();
    if (block.offset != expected_offset || block.stored < block_header_size ||
        block.offset + std::uint64_t{block.stored} > end)
        in.fail("a block lies outside its place");
    if (block.raw == 0 || block.raw > block_raw_limit) in.fail("a block's content has an impossible length");
    return block;
}

void decode_chunk_rows(Decoder& in, PackBlock& block) {
    std::uint64_t sum = 0;
    for (ChunkRef& chunk : block.chunks) {
        std::memcpy(chunk.digest.bytes.data(), in.raw(32).data(), 32);
        chunk.length = in.u32();
        if (chunk.length == 0) in.fail("a chunk has no length");
        sum += chunk.length;
    }
    if (sum != block.raw) in.fail("a block's chunks do not fill it");
}

}  // namespace

std::string pack_name(const Digest& id) {
    const std::string hex = id.hex();
    return "packs/" + hex.substr(0, 2) + "/" + hex;
}

void PackWriter::append(View stored, std::uint32_t raw, std::vector<ChunkRef> chunks) {
    if (!upload_) {
        upload_ = backend_.upload("packs");
        Encoder head;
        encode_head(head);
        upload_->append(head.view());
        size_ = head.size();
    }
    PackBlock block{.offset = static_cast<std::uint32_t>(size_),
                    .stored = static_cast<std::uint32_t>(stored.size()),
                    .raw = raw,
                    .checksum = Decoder(stored, "a new block").u64(),
                    .chunks = std::move(chunks)};
    upload_->append(stored);
    size_ += stored.size();
    chunks_ += block.chunks.size();
    blocks_.push_back(std::move(block));
}

PackWriter::Finished PackWriter::finish() {
    check(upload_ != nullptr, "a pack that is finished has a block");
    const Bytes footer = encode_footer(blocks_, size_, nonce_);
    upload_->append(footer);
    size_ += footer.size();
    const Digest id = digest_of(footer);
    if (!upload_->commit(pack_name(id)))
        throw Failure({.what = "cannot store a pack",
                       .where = backend_.path() + "/" + pack_name(id),
                       .why = "its random name is taken"});
    return {id, size_};
}

std::vector<PackBlock> read_pack_table(const Object& pack, const Digest& id) {
    const std::string where = pack.path();
    const Tail tail = read_tail(pack);
    Bytes footer(pack.size() - tail.offset);
    pack.read_at(footer, tail.offset);
    if (digest_of(footer) != id) throw damage(where, "its footer does not hash to its name");
    const View table = View(footer).first(footer.size() - tail_size);
    if (checksum_of(table) != tail.table_checksum) throw damage(where, "its table's checksum differs");
    Decoder in(table, where);
    std::vector<PackBlock> blocks;
    blocks.reserve(tail.blocks);
    std::uint64_t at = head_size, chunks = 0;
    for (std::uint32_t i = 0; i < tail.blocks; ++i) {
        blocks.push_back(decode_block_row(in, at, tail.offset, tail.chunks - chunks));
        at += blocks.back().stored;
        chunks += blocks.back().chunks.size();
    }
    if (at != tail.offset || chunks != tail.chunks) in.fail("its blocks do not fill it");
    for (PackBlock& block : blocks) decode_chunk_rows(in, block);
    in.end();
    return blocks;
}

}  // namespace ft::store
