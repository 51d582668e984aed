// The small lists of a store: marks, the guards that may not know of a mark, and copies of chunks that are damaged.
//
// All have one shape: magic, count, items, a checksum over all before; the object ends exactly there. FORMAT.md
// sections 7 to 9. Every decoder throws damage(where, why) for what is not so.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/hash.h"

namespace ft::store {

inline constexpr std::uint64_t list_limit = 64U << 20;  ///< bytes of a list; readers refuse more

/// marks/ID: packs that are to go.
[[nodiscard]] Bytes encode_mark(const std::vector<Digest>& packs);
[[nodiscard]] std::vector<Digest> decode_mark(View bytes, std::string_view where);

/// marks/ID.guards: ids of the guards that lived after the mark was put: they may not know of it. Each 1 to 255 bytes.
inline constexpr std::string_view guards_suffix = ".guards";
[[nodiscard]] Bytes encode_guards(const std::vector<std::string>& ids);
[[nodiscard]] std::vector<std::string> decode_guards(View bytes, std::string_view where);

/// damage/ID: copies of chunks that verify found damaged. They count as missing: the next save that needs the chunk
/// stores it again.
struct DamagedChunk {
    Digest chunk, pack;
    auto operator<=>(const DamagedChunk&) const = default;
};
[[nodiscard]] Bytes encode_damage(const std::vector<DamagedChunk>& chunks);
[[nodiscard]] std::vector<DamagedChunk> decode_damage(View bytes, std::string_view where);

}  // namespace ft::store
