// Compares what stands in files with what a checkpoint says, the digests of many pieces at once.
#pragma once

#include <span>
#include <vector>

#include "libcore/io/dir.h"
#include "libcore/source/entry.h"

namespace ft::ckpt {

/// A place in a file, and what should be there.
struct Expected {
    io::File* file = nullptr;
    std::uint64_t at = 0;
    const source::Run* run = nullptr;
};

/// How many bytes are worth comparing at once.
inline constexpr std::uint64_t compared_bytes = 1U << 20;

class Comparer {
public:
    /// Whether each piece is what its run says, also as a hole or as data. Memory: the pieces' bytes.
    [[nodiscard]] std::vector<bool> are_equal(std::span<const Expected> pieces);

private:
    Scratch memory_;
};

/// Appends what `file` should hold from byte `at` on.
void append_expected(std::vector<Expected>& pieces, io::File& file, std::uint64_t at,
                     std::span<const source::Run> runs);

}  // namespace ft::ckpt
