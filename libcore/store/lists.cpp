#include "libcore/store/lists.h"

#include <cstring>

#include "libcore/base/failure.h"

namespace ft::store {
namespace {

constexpr std::string_view mark_magic{"ftmark\0\1", 8};
constexpr std::string_view guards_magic{"ftguard\1", 8};
constexpr std::string_view damage_magic{"ftdamag\1", 8};
constexpr std::size_t magic_size = 8, checksum_size = 8, digest_size = 32;
constexpr std::size_t id_limit = 255;

Encoder begin_list(std::string_view magic, std::uint64_t count) {
    Encoder out;
    out.raw(view_of(magic));
    out.u64(count);
    return out;
}

Bytes end_list(Encoder& out) {
    out.u64(checksum_of(out.view()));
    return out.take();
}

/// Count and items of a list whose magic and checksum are right. what  "a mark", for messages.
Decoder open_list(View bytes, std::string_view magic, std::string_view what, std::string_view where) {
    if (bytes.size() < magic_size || text_of(bytes.first(magic_size)) != magic)
        throw damage(where, "not " + std::string(what) + " or a newer version");
    if (bytes.size() < magic_size + sizeof(std::uint64_t) + checksum_size) throw damage(where, "it is too short");
    const View covered = bytes.first(bytes.size() - checksum_size);
    Decoder sum(bytes.last(checksum_size), where);
    if (sum.u64() != checksum_of(covered)) sum.fail("its checksum differs");
    return Decoder(covered.subspan(magic_size), where);
}

/// The count of a list whose items have `item` bytes each.
std::size_t count_of(Decoder& in, std::size_t item) {
    const std::uint64_t count = in.u64();
    if (in.left() % item != 0 || count != in.left() / item) in.fail("it has another length than it says");
    return count;
}

Digest digest_in(Decoder& in) {
    Digest digest;
    std::memcpy(digest.bytes.data(), in.raw(digest_size).data(), digest_size);
    return digest;
}

}  // namespace

Bytes encode_mark(const std::vector<Digest>& packs) {
    Encoder out = begin_list(mark_magic, packs.size());
    for (const Digest& pack : packs) out.raw(pack.bytes);
    return end_list(out);
}

std::vector<Digest> decode_mark(View bytes, std::string_view where) {
    Decoder in = open_list(bytes, mark_magic, "a mark", where);
    std::vector<Digest> packs(count_of(in, digest_size));
    for (Digest& pack : packs) pack = digest_in(in);
    return packs;
}

Bytes encode_guards(const std::vector<std::string>& ids) {
    Encoder out = begin_list(guards_magic, ids.size());
    for (const std::string& id : ids) out.text(id);
    return end_list(out);
}

std::vector<std::string> decode_guards(View bytes, std::string_view where) {
    Decoder in = open_list(bytes, guards_magic, "a list of guards", where);
    const std::uint64_t count = in.u64();
    std::vector<std::string> ids;
    while (!in.empty()) {
        ids.emplace_back(in.text(id_limit));
        if (ids.back().empty()) in.fail("an id is empty");
    }
    if (ids.size() != count) in.fail("it has another length than it says");
    return ids;
}

Bytes encode_damage(const std::vector<DamagedChunk>& chunks) {
    Encoder out = begin_list(damage_magic, chunks.size());
    for (const DamagedChunk& copy : chunks) {
        out.raw(copy.chunk.bytes);
        out.raw(copy.pack.bytes);
    }
    return end_list(out);
}

std::vector<DamagedChunk> decode_damage(View bytes, std::string_view where) {
    Decoder in = open_list(bytes, damage_magic, "a list of damage", where);
    std::vector<DamagedChunk> chunks(count_of(in, 2 * digest_size));
    for (DamagedChunk& copy : chunks) {
        copy.chunk = digest_in(in);
        copy.pack = digest_in(in);
    }
    return chunks;
}

}  // namespace ft::store
