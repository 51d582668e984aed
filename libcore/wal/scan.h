// What the bytes of a log say: which batches it holds, whether its end is torn, and whether something is lost.
//
// A pure function of the file's content. FORMAT.md, section 3, tells why each case means what it does.
#pragma once

#include <string>

#include "libcore/wal/layout.h"

namespace ft::wal {

struct Scan {
    Header header;
    std::vector<Record> records;     ///< of all batches before the end
    std::uint64_t end = 1;           ///< block behind the last batch
    std::uint64_t sequence = 1;      ///< of the next batch
    std::uint64_t room = 0;          ///< blocks that are known to have been zeros, durably
    std::uint64_t torn_end = 0;      ///< block behind what a torn batch left; 0: nothing is torn
    std::optional<std::string> why;  ///< damaged
    std::vector<Record> beyond;      ///< where damaged: records of the good batches that follow

    /// What the next batch is written with.
    void take(const Batch& batch, std::uint64_t blocks);
};

/// where  for failures.   fails  damage() where the header cannot be read, or is another owner's.
[[nodiscard]] Scan scan(std::span<const Block> file, const std::string& where, const Uuid& owner);

/// All blocks of a file; a last part that is no whole block is left out. fails  damage() where it is longer than any
/// log.
[[nodiscard]] std::vector<Block> read_blocks(io::File& file);

}  // namespace ft::wal
