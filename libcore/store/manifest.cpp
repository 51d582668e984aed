#include "libcore/store/manifest.h"

#include <algorithm>
#include <array>
#include <set>

#include "libcore/base/failure.h"
#include "libcore/store/block.h"

namespace ft::store {
namespace {

constexpr std::string_view magic{"ftmanif\1", 8};
constexpr std::size_t text_limit = 1U << 16;
constexpr std::size_t checksum_size = 32;
constexpr std::size_t label_limit = 255;
constexpr std::uint64_t sources_limit = 4096;  // more is refused: memory is bounded before the checksum's word is taken
constexpr std::uint64_t names_limit = 1U << 16;

void encode_time(Encoder& out, Time time) {
    out.signed_varint(time.s);
    out.varint(time.ns);
}

Time decode_time(Decoder& in) {
    Time time;
    time.s = in.signed_varint();
    time.ns = static_cast<std::uint32_t>(in.bounded(999'999'999, "nanoseconds"));
    return time;
}

void encode_root(Encoder& out, const Root& root) {
    out.u8(root.depth);
    out.varint(root.bytes);
    out.varint(root.chunks.size());
    for (const ChunkRef& ref : root.chunks) encode_ref(out, ref);
}

Root decode_root(Decoder& in) {
    Root root;
    root.depth = static_cast<std::uint8_t>(in.bounded(8, "depth"));
    root.bytes = in.varint();
    root.chunks.resize(in.bounded(in.left() / ref_size, "number of chunks"));
    for (ChunkRef& ref : root.chunks) ref = decode_ref(in);
    return root;
}

void encode_source(Encoder& out, const SourceRecord& source) {
    out.u8(static_cast<std::uint8_t>(source.type));
    out.text(source.label);
    out.text(source.origin);
    encode_root(out, source.entries);
    for (const std::uint64_t n : {source.entry_count, source.file_count, source.content_bytes, source.changed_count})
        out.varint(n);
}

SourceRecord decode_source(Decoder& in) {
    SourceRecord source;
    const std::uint8_t type = in.u8();
    if (type < 1 || type > 3) in.fail("a source has an unknown type");
    source.type = static_cast<SourceType>(type);
    source.label = in.text(label_limit);
    if (source.label.find('/') != std::string::npos || source.label.find('\0') != std::string::npos ||
        source.label == "." || source.label == "..")
        in.fail("a source's label is no file name");
    source.origin = in.text(text_limit);
    source.entries = decode_root(in);
    for (std::uint64_t* n : {&source.entry_count, &source.file_count, &source.content_bytes, &source.changed_count})
        *n = in.varint();
    return source;
}

/// Several sources are told apart by their labels.
void check_labels(const std::vector<SourceRecord>& sources, const Decoder& in) {
    std::set<std::string_view> labels;
    for (const SourceRecord& source : sources) {
        if (!labels.insert(source.label).second) in.fail("two sources have one label");
        if (source.label.empty() && sources.size() > 1) in.fail("one of several sources has no label");
    }
}

std::array<std::uint64_t*, 7> fields_of(SaveTimes& t) {
    return {&t.total, &t.walk, &t.read, &t.digest, &t.compress, &t.write, &t.sync};
}

void encode_notes(Encoder& out, const std::vector<SavedNote>& notes) {
    out.varint(notes.size());
    for (const SavedNote& note : notes) {
        out.text(note.what);
        out.text(note.why);
        out.text(note.first);
        out.varint(note.count);
        out.u8(note.incomplete ? 1 : 0);
    }
}

std::vector<SavedNote> decode_notes(Decoder& in) {
    std::vector<SavedNote> notes(in.bounded(std::min<std::uint64_t>(in.left() / 5, 100'000), "number of notes"));
    for (SavedNote& note : notes) {
        note.what = in.text(text_limit);
        note.why = in.text(text_limit);
        note.first = in.text(text_limit);
        note.count = in.varint();
        note.incomplete = in.bounded(1, "flag") == 1;
    }
    return notes;
}

using Names = std::map<std::uint32_t, std::string>;

void encode_names(Encoder& out, const Names& names) {
    out.varint(names.size());
    for (const auto& [id, name] : names) {
        out.varint(id);
        out.text(name);
    }
}

Names decode_names(Decoder& in) {
    Names names;
    const std::uint64_t count =
        in.bounded(std::min<std::uint64_t>(in.left() / 2, names_limit), "number of owner names");
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto id = static_cast<std::uint32_t>(in.bounded(UINT32_MAX, "owner id"));
        names[id] = in.text(text_limit);
    }
    return names;
}

}  // namespace

bool Manifest::incomplete() const {
    return std::any_of(notes.begin(), notes.end(), [](const SavedNote& note) { return note.incomplete; });
}

void encode_ref(Encoder& out, const ChunkRef& ref) {
    out.raw(ref.digest.bytes);
    out.u32(ref.length);
}

ChunkRef decode_ref(Decoder& in) {
    ChunkRef ref;
    std::memcpy(ref.digest.bytes.data(), in.raw(32).data(), 32);
    ref.length = in.u32();
    if (ref.length == 0 || ref.length > block_raw_limit) in.fail("a chunk has an impossible length");
    return ref;
}

Bytes encode_manifest(const Manifest& manifest) {
    Encoder out;
    out.raw(view_of(magic));
    out.raw(manifest.store.bytes);
    out.text(manifest.name);
    out.varint(manifest.sequence);
    encode_time(out, manifest.started);
    encode_time(out, manifest.finished);
    encode_time(out, manifest.file_clock);
    out.text(manifest.host);
    out.text(manifest.command);
    out.varint(manifest.sources.size());
    for (const SourceRecord& source : manifest.sources) encode_source(out, source);
    for (const std::uint64_t n : {manifest.bytes_read, manifest.bytes_new, manifest.bytes_stored}) out.varint(n);
    SaveTimes times = manifest.times;
    for (const std::uint64_t* field : fields_of(times)) out.varint(*field);
    encode_notes(out, manifest.notes);
    out.text(manifest.transaction);
    encode_names(out, manifest.users);
    encode_names(out, manifest.groups);
    out.raw(digest_of(out.view()).bytes);
    return out.take();
}

Manifest decode_manifest(View bytes, std::string_view where) {
    if (bytes.size() < magic.size() + checksum_size || text_of(bytes.first(magic.size())) != magic)
        throw damage(where, "not a manifest or a newer version");
    const View body = bytes.first(bytes.size() - checksum_size);
    const Digest digest = digest_of(body);
    if (std::memcmp(digest.bytes.data(), bytes.last(checksum_size).data(), checksum_size) != 0)
        throw damage(where, "its checksum differs");
    Decoder in(body.subspan(magic.size()), where);
    Manifest manifest;
    std::memcpy(manifest.store.bytes.data(), in.raw(16).data(), 16);
    manifest.name = in.text(text_limit);
    manifest.sequence = in.varint();
    manifest.started = decode_time(in);
    manifest.finished = decode_time(in);
    manifest.file_clock = decode_time(in);
    manifest.host = in.text(text_limit);
    manifest.command = in.text(text_limit);
    manifest.sources.resize(in.bounded(std::min<std::uint64_t>(in.left() / 8, sources_limit), "number of sources"));
    for (SourceRecord& source : manifest.sources) source = decode_source(in);
    check_labels(manifest.sources, in);
    for (std::uint64_t* n : {&manifest.bytes_read, &manifest.bytes_new, &manifest.bytes_stored}) *n = in.varint();
    for (std::uint64_t* field : fields_of(manifest.times)) *field = in.varint();
    manifest.notes = decode_notes(in);
    manifest.transaction = in.text(text_limit);
    manifest.users = decode_names(in);
    manifest.groups = decode_names(in);
    in.end();
    return manifest;
}

}  // namespace ft::store
