// A pack: blocks written one after another, then a footer that names every chunk in them. The unit of writing and of
// removal.
//
// FORMAT.md section 4. A pack is named by the SHA-256 of its footer, which holds every block's checksum and every
// chunk's digest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libcore/base/hash.h"
#include "libcore/store/backend.h"

namespace ft::store {

/// A chunk as manifests and entries name it.
struct ChunkRef {
    Digest digest;
    std::uint32_t length = 0;  ///< bytes
    bool operator==(const ChunkRef&) const = default;
};

struct PackBlock {
    std::uint32_t offset = 0;  ///< in the pack
    std::uint32_t stored = 0;  ///< bytes with its header
    std::uint32_t raw = 0;     ///< bytes of content
    std::uint64_t checksum = 0;
    std::vector<ChunkRef> chunks;  ///< in the order of their bytes
};

inline constexpr std::uint64_t pack_target = 64U << 20;  ///< bytes; a pack is closed when it has reached them
inline constexpr std::size_t pack_chunks = 64U << 10;    ///< or so many chunks: bounds a writer's memory
inline constexpr std::uint64_t pack_limit = 256U << 20;  ///< readers refuse more

[[nodiscard]] std::string pack_name(const Digest& id);

/// Streams one pack to a backend.
class PackWriter {
public:
    /// nonce  random: two packs of the same blocks get different names, so that a damaged one can be replaced.
    PackWriter(Backend& backend, std::uint64_t nonce) : backend_(backend), nonce_(nonce) {}

    /// stored  a whole block; raw: bytes of its content; chunks: in the order of their bytes.
    void append(View stored, std::uint32_t raw, std::vector<ChunkRef> chunks);
    /// Whether it should be closed.
    [[nodiscard]] bool full() const { return size_ >= pack_target || chunks_ >= pack_chunks; }
    [[nodiscard]] const std::vector<PackBlock>& blocks() const { return blocks_; }

    struct Finished {
        Digest id;
        std::uint64_t size = 0;
    };
    /// Writes the footer and gives the pack its name; durable when it returns.
    [[nodiscard]] Finished finish();

private:
    Backend& backend_;
    std::uint64_t nonce_;
    std::unique_ptr<Upload> upload_;
    std::uint64_t size_ = 0;
    std::size_t chunks_ = 0;
    std::vector<PackBlock> blocks_;
};

/// The table of a pack, checked: footer checksum, exact end, no block outside, and that it hashes to `id`.
[[nodiscard]] std::vector<PackBlock> read_pack_table(const Object& pack, const Digest& id);

}  // namespace ft::store
