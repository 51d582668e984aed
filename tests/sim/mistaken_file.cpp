#include "tests/sim/mistaken_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/base/hash.h"
#include "tests/sim/forwarding.h"

namespace ft::sim {

namespace {

using counter::Block;
using counter::block_size;
using counter::Layout;

/// Everything as the file below does it.
class ForwardingFile : public Forwarding<MistakenFile> {
public:
    using Forwarding::Forwarding;
    void opened() override { opening_ = false; }

protected:
    bool opening_ = true;
};

std::uint64_t offset_of(std::uint64_t block) { return block * block_size; }
bool is_slot(std::uint64_t at) { return at >= offset_of(Layout::slot(0, 0)) && at < offset_of(Layout::annex(0, 0)); }
/// Where the copies of the slot around a byte begin, and where those of the other one do.
std::uint64_t slot_around(std::uint64_t at) {
    return offset_of(Layout::slot(at >= offset_of(Layout::slot(1, 0)) ? 1 : 0, 0));
}
std::uint64_t other_slot(std::uint64_t at) {
    return offset_of(Layout::slot(at >= offset_of(Layout::slot(1, 0)) ? 0 : 1, 0));
}

Block block_of(View bytes) {
    Block block;
    std::copy_n(bytes.begin(), block_size, block.bytes.begin());
    return block;
}

class SingleCopies final : public ForwardingFile {
public:
    using ForwardingFile::ForwardingFile;
    void write_at(View bytes, std::uint64_t at) override { inner_->write_at(cut(bytes, at), at); }
    void write_durably(std::span<const io::Piece> pieces) override {
        std::vector<io::Piece> left;
        for (const io::Piece& piece : pieces) left.push_back({cut(piece.bytes, piece.at), piece.at});
        inner_->write_durably(left);
    }

private:
    View cut(View bytes, std::uint64_t at) const {
        return is_slot(at) ? bytes.first(opening_ ? 0 : block_size) : bytes;
    }
};

class KeysOutsideCommit final : public ForwardingFile {
public:
    using ForwardingFile::ForwardingFile;
    void write_durably(std::span<const io::Piece> pieces) override {
        for (const bool keys : {false, true})
            for (const io::Piece& piece : pieces) {
                if ((piece.at >= offset_of(Layout::first_key)) != keys) continue;
                if (keys)
                    inner_->write_at(piece.bytes, piece.at);
                else
                    inner_->write_durably(piece.bytes, piece.at);
            }
    }
};

/// A file whose blocks the mistake can read and seal.
class KnownFile : public ForwardingFile {
public:
    KnownFile(std::unique_ptr<io::File> inner, const counter::Header& header)
        : ForwardingFile(std::move(inner)), header_(header), layout_(header.identity.keys) {}

protected:
    [[nodiscard]] counter::Place place(std::uint64_t number) const { return {number, header_.salt()}; }
    void write_two(View payload, std::uint64_t generation, std::uint64_t at) {
        std::vector<Block> blocks(2);
        for (const std::size_t copy : {0, 1})
            counter::seal(payload, generation, place(at / block_size + copy), blocks[copy]);
        inner_->write_at(counter::bytes_of(blocks), at);
    }
    const counter::Header header_;
    const Layout layout_;
};

class RingNotBound final : public KnownFile {
public:
    using KnownFile::KnownFile;
    std::size_t read_at(std::span<std::byte> into, std::uint64_t at) override {
        const std::size_t count = inner_->read_at(into, at);
        for (std::size_t i = 0; i + block_size <= count; i += block_size) {
            const std::uint64_t number = (at + i) / block_size;
            if (is_slot(at + i)) fit(into.subspan(i, block_size), number);
            if (newest_ != 0 && number / 2 == newest_ / 2) renew(into.subspan(i, block_size), number);
        }
        return count;
    }

private:
    /// Lets a key block be of the commit that is newest.
    void renew(std::span<std::byte> bytes, std::uint64_t number) {
        const counter::Opened found = counter::open(block_of(bytes), place(number));
        if (found.found == counter::Opened::Found::whole) put(found.payload, generation_, number, bytes);
    }
    void put(View payload, std::uint64_t generation, std::uint64_t number, std::span<std::byte> into) {
        Block block;
        counter::seal(payload, generation, place(number), block);
        std::copy(block.bytes.begin(), block.bytes.end(), into.begin());
    }
    /// Puts the checksum of whatever lies where the newest key block should be into the tail.
    void fit(std::span<std::byte> bytes, std::uint64_t number) {
        const counter::Opened found = counter::open(block_of(bytes), place(number));
        if (found.found != counter::Opened::Found::whole) return;
        counter::Tail tail = counter::decode_tail(found.payload, "");
        if (tail.sealed == 0) return;
        std::vector<Block> keys(1);
        const std::uint64_t newest = layout_.keys(tail.key_blocks() - 1, 0);
        inner_->read_at(std::as_writable_bytes(std::span(keys)), offset_of(newest));
        const counter::Opened block = counter::open(keys[0], place(newest));
        if (block.found != counter::Opened::Found::whole) return;
        tail.newest_keys = checksum_of(block.payload);
        put(encode(tail), found.generation, number, bytes);
        if (found.generation < generation_) return;
        generation_ = found.generation;
        newest_ = newest;
    }
    std::uint64_t newest_ = 0, generation_ = 0;
};

class RepairRewritesGood final : public KnownFile {
public:
    using KnownFile::KnownFile;
    void write_at(View bytes, std::uint64_t at) override {
        if (!opening_ || !is_slot(at)) return inner_->write_at(bytes, at);
        const counter::Opened made = counter::open(block_of(bytes), place(at / block_size));
        write_two(made.payload, made.generation + 1, slot_around(at));
    }
};

class NoRepairOnOpen final : public ForwardingFile {
public:
    using ForwardingFile::ForwardingFile;
    void write_at(View bytes, std::uint64_t at) override {
        if (!opening_) inner_->write_at(bytes, at);
    }
};

class NoSyncOnOpen final : public ForwardingFile {
public:
    using ForwardingFile::ForwardingFile;
    void sync() override {
        if (!opening_) inner_->sync();
    }
};

class BothSlotsOverwritten final : public KnownFile {
public:
    using KnownFile::KnownFile;
    void write_durably(std::span<const io::Piece> pieces) override {
        for (const io::Piece& piece : pieces) write_other(piece.bytes, piece.at);
        inner_->write_durably(pieces);
    }

private:
    void write_other(View bytes, std::uint64_t at) {
        if (opening_ || !is_slot(at)) return;
        const counter::Opened made = counter::open(block_of(bytes), place(at / block_size));
        write_two(made.payload, made.generation - 1, other_slot(at));
    }
};

class OneAnnexPlace final : public ForwardingFile {
public:
    using ForwardingFile::ForwardingFile;
    std::size_t read_at(std::span<std::byte> into, std::uint64_t at) override {
        return inner_->read_at(into, moved(at));
    }
    void write_at(View bytes, std::uint64_t at) override { inner_->write_at(bytes, moved(at)); }
    void write_durably(std::span<const io::Piece> pieces) override {
        std::vector<io::Piece> elsewhere;
        for (const io::Piece& piece : pieces) elsewhere.push_back({piece.bytes, moved(piece.at)});
        inner_->write_durably(elsewhere);
    }

private:
    static std::uint64_t moved(std::uint64_t at) {
        const std::uint64_t second = offset_of(Layout::annex(1, 0));
        return at >= second && at < offset_of(Layout::first_key) ? at - second + offset_of(Layout::annex(0, 0)) : at;
    }
};

class FailedSyncTriedAgain final : public ForwardingFile {
public:
    FailedSyncTriedAgain(std::unique_ptr<io::File> inner, std::unique_ptr<io::File> second)
        : ForwardingFile(std::move(inner)), second_(std::move(second)) {}
    void write_durably(std::span<const io::Piece> pieces) override {
        for (const io::Piece& piece : pieces) inner_->write_at(piece.bytes, piece.at);
        sync();
    }
    void sync() override {
        try {
            inner_->sync();
        } catch (const Failure&) {
            second_->sync();  // the planted mistake: the second one lies
            second_.swap(inner_);
        }
    }

private:
    std::unique_ptr<io::File> second_;
};

}  // namespace

std::unique_ptr<MistakenFile> open_with(Mistake mistake, io::Dir& dir, const std::string& name,
                                        const counter::Header& header) {
    std::unique_ptr<io::File> file = io::open_file(dir, name, io::Access::direct);
    switch (mistake) {
        case Mistake::single_copies:
            return std::make_unique<SingleCopies>(std::move(file));
        case Mistake::keys_outside_commit:
            return std::make_unique<KeysOutsideCommit>(std::move(file));
        case Mistake::ring_not_bound:
            return std::make_unique<RingNotBound>(std::move(file), header);
        case Mistake::repair_rewrites_good:
            return std::make_unique<RepairRewritesGood>(std::move(file), header);
        case Mistake::no_repair_on_open:
            return std::make_unique<NoRepairOnOpen>(std::move(file));
        case Mistake::no_sync_on_open:
            return std::make_unique<NoSyncOnOpen>(std::move(file));
        case Mistake::both_slots_overwritten:
            return std::make_unique<BothSlotsOverwritten>(std::move(file), header);
        case Mistake::one_annex_place:
            return std::make_unique<OneAnnexPlace>(std::move(file));
        case Mistake::failed_sync_tried_again:
            return std::make_unique<FailedSyncTriedAgain>(std::move(file),
                                                          io::open_file(dir, name, io::Access::direct));
        case Mistake::none:
            break;
    }
    return std::make_unique<ForwardingFile>(std::move(file));
}

}  // namespace ft::sim
