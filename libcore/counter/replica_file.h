// One replica on a disk: two slots, of which each commit overwrites the older one; what a commit refers to is written
// where the newest durable commit does not look. FORMAT.md tells the bytes and why each step is there.
//
// Invariant: when a call returns, the newest commit is durable in both copies, or the object is dead (a failed write or
// sync: nothing that follows could be believed).
//
//     ReplicaFile replica(*io::open_file(dir, "jobs", io::Access::direct));
//     replica.commit(change);
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "libcore/counter/layout.h"
#include "libcore/io/dir.h"

namespace ft::counter {

/// Where the newest commit lies.
struct SlotChoice {
    unsigned slot = 0, copy = 0;
    std::optional<unsigned> missing;  ///< the copy that has to be made again
    auto operator<=>(const SlotChoice&) const = default;
};
using SlotCopies = std::array<std::array<Opened, 2>, 2>;  ///< [slot][copy]
/// The newest slot that is whole, from what was found in both copies of both; std::nullopt where a newer one may have
/// been acknowledged and has rotted.
///
/// given_up   a slot whose commit turned out to be torn elsewhere: it is passed over.
[[nodiscard]] std::optional<SlotChoice> choose_slot(const SlotCopies& found,
                                                    std::optional<unsigned> given_up = std::nullopt);

/// What its header says, read from any handle; std::nullopt where no copy of it is whole, or it is no replica.
[[nodiscard]] std::optional<Header> header_of(io::File& file);

class ReplicaFile {
public:
    /// Reads the newest commit, makes its missing copies again, and syncs: what is seen is durable.
    ///
    /// file   opened with Access::direct, and locked: nobody else writes. Must outlive this.
    /// fails  damage() where the newest commit cannot be told or read.
    explicit ReplicaFile(io::File& file);

    [[nodiscard]] const Header& header() const { return header_; }
    [[nodiscard]] const Tail& tail() const { return tail_; }
    [[nodiscard]] const Annex& annex() const { return annex_; }

    /// A write or sync has failed: it may not be written any more.
    [[nodiscard]] bool is_dead() const { return dead_; }

    /// Reads all keys that are kept, and makes their missing copies again, durably. fails  damage().
    [[nodiscard]] KeyWindow window();

    /// No write under a lower ballot from now on.
    void promise(const Ballot& ballot);
    /// change.base is this replica's version.
    void commit(const Change& change);

    /// The content of a new file: a replica at this state, in both slots. Not synced.
    static void write_new(io::File& file, const Header& header, const Ballot& promise, const State& state);

private:
    void read_header(std::span<const Block> blocks);
    void read_tail(std::span<const Block> blocks);
    /// Takes the commit of a whole tail; false: another part of it is torn.
    ///
    /// first  the blocks at the beginning of the file.
    [[nodiscard]] bool take(const Opened& tail, std::span<const Block> first);
    /// These: false, nothing: torn. They may be so only where they were written by the commit `generation`.
    [[nodiscard]] bool read_annex(std::uint64_t generation, std::span<const Block> first);
    /// The last `count` key blocks, the newest first.
    [[nodiscard]] std::optional<std::vector<KeyBlock>> read_keys(
        std::uint64_t count, std::optional<std::uint64_t> generation = std::nullopt);
    /// read  both copies of it.
    [[nodiscard]] std::optional<KeyBlock> take_keys(std::uint64_t number, std::span<const Block> read,
                                                    std::uint64_t checksum, std::optional<std::uint64_t> generation);
    /// One copy of the annex: its bytes where they are what the tail binds, and whether a block of it has rotted.
    struct AnnexCopy {
        std::optional<Bytes> bytes;
        bool rotten = false;
    };
    [[nodiscard]] AnnexCopy take_annex_copy(std::span<const Block> read, unsigned copy) const;
    /// Blocks that the disk cannot read any more are zeros: rotten, to be healed like others.
    void read_blocks(std::uint64_t first, std::span<Block> into);
    void read_what_can_be(std::uint64_t first, std::span<Block> into);
    /// Not durable before the next sync.
    void heal(std::uint64_t number, View payload, std::uint64_t generation);

    /// A commit's parts, in the order in which they are written: each becomes both copies of its blocks. `tail` binds
    /// them.
    void add_keys(std::span<const Entry> appended, Tail& tail);
    void add_annex(const Annex& annex, Tail& tail);
    /// Both copies of a block, from the first one's number on.
    void add(View payload, std::uint64_t number);
    /// Adds the tail, writes all that was added, and makes it durable at once.
    void write(Tail tail);
    [[nodiscard]] Place at(std::uint64_t number) const { return {number, salt_}; }
    [[nodiscard]] std::uint64_t next_generation() const { return highest_ + 1; }
    [[noreturn]] void fail(std::string_view why) const;

    io::File& file_;
    std::string where_;
    Header header_;
    std::uint64_t salt_ = 0;
    Layout layout_{0};
    Tail tail_;
    Annex annex_;
    unsigned slot_ = 0;          // of the newest commit
    std::uint64_t highest_ = 0;  // generation of anything ever seen in the slots
    bool unsynced_ = false;      // copies were made again that are not durable yet
    bool dead_ = false;          // a write or sync failed

    /// Blocks that follow each other in the file.
    struct Run {
        std::uint64_t first = 0;
        std::size_t begin = 0, end = 0;  // of blocks_
    };
    // Of the commit that is being written; kept, so that the next one has its memory.
    std::vector<Block> blocks_;
    std::size_t used_ = 0;
    std::vector<Run> runs_;
    Encoder encoder_;
};

}  // namespace ft::counter
