// A checkpoint's manifest: the one object whose put makes a checkpoint visible. It names content by digest only.
//
// FORMAT.md section 6.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/hash.h"
#include "libcore/store/pack.h"

namespace ft::store {

/// A byte stream kept as chunks: depth 0, chunks are its bytes; depth n, chunks hold the encoded refs of depth n - 1.
struct Root {
    std::uint8_t depth = 0;
    std::uint64_t bytes = 0;  ///< of the stream itself
    std::vector<ChunkRef> chunks;
    bool operator==(const Root&) const = default;
};

enum class SourceType : std::uint8_t { tree = 1, shm = 2, stream = 3 };

struct SourceRecord {
    SourceType type = SourceType::tree;
    std::string label;   ///< "" when it is the only one
    std::string origin;  ///< as the user named it
    Root entries;        ///< stream of entries (source/FORMAT.md)
    std::uint64_t entry_count = 0, file_count = 0, content_bytes = 0, changed_count = 0;
    bool operator==(const SourceRecord&) const = default;
};

/// Where the time of the save went, in microseconds (ckpt/report.h has the meaning).
struct SaveTimes {
    std::uint64_t total = 0, walk = 0, read = 0, digest = 0, compress = 0, write = 0, sync = 0;
    bool operator==(const SaveTimes&) const = default;
};

struct SavedNote {
    std::string what, why, first;
    std::uint64_t count = 0;
    bool incomplete = false;
    bool operator==(const SavedNote&) const = default;
};

struct Manifest {
    Uuid store;
    std::string name;
    std::uint64_t sequence = 0;
    Time started, finished;  ///< the save
    Time file_clock;         ///< Clock::file_clock at its start: what is stamped at or after it may have changed unseen
    std::string host, command;
    std::vector<SourceRecord> sources;
    std::uint64_t bytes_read = 0, bytes_new = 0, bytes_stored = 0;
    SaveTimes times;
    std::vector<SavedNote> notes;
    std::string transaction;                             ///< id of the transaction that made it; "" for none
    std::map<std::uint32_t, std::string> users, groups;  ///< names of the owner ids, where they have one
    bool operator==(const Manifest&) const = default;

    /// Whether something was skipped, unreadable or changing: exit 3 of its save.
    [[nodiscard]] bool incomplete() const;
};

inline constexpr std::uint64_t manifest_limit = 64U << 20;

[[nodiscard]] Bytes encode_manifest(const Manifest& manifest);
/// damage where a field, the checksum or the length does not fit.
[[nodiscard]] Manifest decode_manifest(View bytes, std::string_view where);

void encode_ref(Encoder& out, const ChunkRef& ref);
[[nodiscard]] ChunkRef decode_ref(Decoder& in);
inline constexpr std::size_t ref_size = 36;

}  // namespace ft::store
