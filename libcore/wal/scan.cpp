#include "libcore/wal/scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::wal {

namespace {

bool is_zero(View bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

/// A batch never shrinks the room, nor takes the block of it that is kept for the next growth.
bool may_follow(const Scan& found, const Opened& opened) {
    return opened.batch.room >= found.room && opened.batch.room <= most_blocks &&
           found.end + opened.blocks <= found.room && found.end + opened.blocks < opened.batch.room;
}

/// Looks at what follows the last batch: nothing, a torn batch, or what should not be there.
class Tail {
public:
    Tail(Scan& found, std::span<const Block> file) : found_(found), file_(file), salt_(found.header.salt()) {}

    void look() {
        if (file_.size() < found_.room)
            complain(fmt::format("cut short: {} bytes where there were {}", file_.size() * block_size,
                                 found_.room * block_size));
        for (std::uint64_t n = found_.end; n < file_.size(); ++n)
            for (std::size_t i = 0; i < sectors_per_block; ++i) look_at(n, i);
        if (found_.why) collect_beyond();
    }

private:
    void look_at(std::uint64_t block, std::size_t i) {
        const auto sector = file_[block].sector(i);
        if (is_zero(sector)) return;
        const std::uint64_t number = block * sectors_per_block + i;
        const auto sequence = sector_generation(sector, {.number = number, .salt = salt_});
        const bool in_room = block < found_.room;
        if (sequence == found_.sequence && in_room)
            found_.torn_end = block + 1;
        else if (sequence)
            complain(fmt::format("batch {} at byte {} is lost or damaged, batch {} follows", found_.sequence,
                                 found_.end * block_size, *sequence));
        else if (in_room)
            complain(fmt::format("what was written at byte {} has changed", number * sector_size));
        // Else it is what a cut growth has left.
    }
    void complain(std::string why) {
        if (!found_.why) found_.why = std::move(why);
    }
    void collect_beyond() {
        for (std::uint64_t n = found_.end; n < file_.size();) {
            const std::optional<Opened> opened = open(file_, n, salt_);
            if (opened && opened->found == Opened::Found::whole)
                found_.beyond.insert(found_.beyond.end(), opened->batch.records.begin(), opened->batch.records.end());
            n += opened ? opened->blocks : 1;
        }
    }

    Scan& found_;
    std::span<const Block> file_;
    std::uint64_t salt_;
};

}  // namespace

void Scan::take(const Batch& batch, std::uint64_t blocks) {
    records.insert(records.end(), batch.records.begin(), batch.records.end());
    end += blocks;
    sequence = batch.sequence + 1;
    room = batch.room;
}

Scan scan(std::span<const Block> file, const std::string& where, const Uuid& owner) {
    if (file.empty()) throw damage(where, "too short for a log");
    Scan found;
    found.header = decode_header(file[0], where);
    if (found.header.owner != owner) throw damage(where, "it belongs to another folder: " + found.header.owner.hex());
    found.room = found.header.blocks;
    while (found.end < std::min<std::uint64_t>(found.room, file.size())) {
        const std::optional<Opened> opened = open(file, found.end, found.header.salt());
        if (!opened || opened->found == Opened::Found::torn || opened->batch.sequence != found.sequence) break;
        if (opened->found == Opened::Found::wrong || !may_follow(found, *opened)) {
            if (file.size() < found.room) break;  // it was cut in here
            found.why = fmt::format("what was written at byte {} is no batch", found.end * block_size);
            break;
        }
        found.take(opened->batch, opened->blocks);
    }
    Tail(found, file).look();
    return found;
}

std::vector<Block> read_blocks(io::File& file) {
    const std::uint64_t count = file.stat().size / block_size;
    if (count > most_blocks) throw damage(file.path(), "longer than any log");
    std::vector<Block> blocks(count);
    const std::size_t read = file.read_at(std::as_writable_bytes(std::span(blocks)), 0);
    blocks.resize(read / block_size);
    return blocks;
}

}  // namespace ft::wal
