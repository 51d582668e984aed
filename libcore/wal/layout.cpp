#include "libcore/wal/layout.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::wal {

namespace {

constexpr std::string_view magic{"ftwal\0\0\0", 8};
constexpr std::uint16_t version = 1;
constexpr std::size_t header_size = 8 + 2 + 4 + 16 + 16 + 8;
constexpr std::size_t batch_head = 8 + 8 + 8;
constexpr std::uint64_t most_bytes = most_blocks * block_payload;  // of a batch, and more than a log has

SectorPlace place_of(std::uint64_t block, std::size_t sector, std::uint64_t salt) {
    return {.number = block * sectors_per_block + sector, .salt = salt};
}

/// The payload of a block that belongs to the write `generation`; empty where one of its sectors does not.
Bytes payload_of(const Block& block, std::uint64_t number, std::uint64_t generation, std::uint64_t salt) {
    Bytes payload;
    payload.reserve(block_payload);
    for (std::size_t i = 0; i < sectors_per_block; ++i) {
        const auto sector = block.sector(i);
        if (sector_generation(sector, place_of(number, i, salt)) != generation) return {};
        payload.insert(payload.end(), sector.begin(), sector.begin() + sector_payload);
    }
    return payload;
}

Uuid take_uuid(Decoder& in) {
    Uuid uuid;
    std::ranges::copy(in.raw(uuid.bytes.size()), uuid.bytes.begin());
    return uuid;
}

constexpr std::size_t record_head = 1 + 4;

void put_records(Encoder& out, const std::vector<Record>& records) {
    for (const Record& record : records) {
        out.u8(record.type);
        out.u32(static_cast<std::uint32_t>(record.body.size()));
        out.raw(record.body);
    }
}

std::size_t size_of(const std::vector<Record>& records) {
    std::size_t size = 0;
    for (const Record& record : records) size += record_head + record.body.size();
    return size;
}

/// std::nullopt where their lengths do not end with the content.
std::optional<std::vector<Record>> take_records(View content) {
    std::vector<Record> records;
    for (Decoder in(content, "a batch"); !in.empty();) {
        if (in.left() < record_head) return std::nullopt;
        Record record{.type = in.u8(), .body = {}};
        const std::uint32_t size = in.u32();
        if (size > std::min(in.left(), longest_record)) return std::nullopt;
        const View body = in.raw(size);
        record.body.assign(body.begin(), body.end());
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace

std::uint64_t Header::salt() const { return Decoder(log.bytes, "").u64(); }

Block encode(const Header& header) {
    Encoder out;
    out.raw(view_of(magic));
    out.u16(version);
    out.u32(0);  // features
    out.raw(header.log.bytes);
    out.raw(header.owner.bytes);
    out.u64(header.blocks);
    check(out.size() == header_size, "a header has the size of its format");
    Block block;
    for (std::size_t i = 0; i < sectors_per_block; ++i) {
        std::ranges::copy(out.view(), block.sector(i).begin());
        seal_sector(block.sector(i), 0, place_of(0, i, 0));
    }
    return block;
}

Header decode_header(const Block& block, std::string_view where) {
    std::size_t whole = 0;
    while (whole < sectors_per_block && sector_generation(block.sector(whole), place_of(0, whole, 0)) != 0) ++whole;
    if (whole == sectors_per_block) throw damage(where, "not a log, or its header is damaged");
    Decoder in(block.sector(whole).first<sector_payload>(), where);
    if (text_of(in.raw(magic.size())) != magic) in.fail("not a log");
    if (const unsigned found = in.u16(); found != version)
        in.fail("format version " + std::to_string(found) + ", this program knows 1; use a newer ft2pc");
    if (in.u32() != 0) in.fail("it needs features that this program does not have; use a newer ft2pc");
    Header header{.log = take_uuid(in), .owner = take_uuid(in), .blocks = in.u64()};
    const View rest = in.raw(in.left());
    if (std::ranges::any_of(rest, [](std::byte b) { return b != std::byte{0}; })) in.fail("its header has a rest");
    if (header.blocks < 3 || header.blocks > most_blocks) in.fail("a size that no log has");
    return header;
}

std::uint64_t blocks_for(const std::vector<Record>& records) {
    return (batch_head + size_of(records) + block_payload - 1) / block_payload;
}

std::vector<Block> seal(const Batch& batch, std::uint64_t first, std::uint64_t salt) {
    Encoder records;
    put_records(records, batch.records);
    Encoder out;
    out.reserve(batch_head + records.size());
    out.u64(batch.room);
    out.u64(records.size());
    out.u64(checksum_of(records.view()));
    out.raw(records.view());
    std::vector<Block> blocks((out.size() + block_payload - 1) / block_payload);
    View left = out.view();
    for (std::size_t block = 0; block < blocks.size(); ++block) {
        for (std::size_t i = 0; i < sectors_per_block; ++i) {
            const View part = left.first(std::min(left.size(), sector_payload));
            left = left.subspan(part.size());
            std::ranges::copy(part, blocks[block].sector(i).begin());
            seal_sector(blocks[block].sector(i), batch.sequence, place_of(first + block, i, salt));
        }
    }
    return blocks;
}

std::optional<Opened> open(std::span<const Block> file, std::uint64_t first, std::uint64_t salt) {
    const auto generation = sector_generation(file[first].sector(0), place_of(first, 0, salt));
    if (!generation) return std::nullopt;
    Opened opened{.batch = {.sequence = *generation, .room = 0, .records = {}}};
    Decoder head(file[first].sector(0).first<sector_payload>(), "a batch");
    const std::uint64_t room = head.u64(), size = head.u64(), checksum = head.u64();
    const std::uint64_t blocks = (batch_head + std::min(size, most_bytes) + block_payload - 1) / block_payload;
    opened.found = blocks > file.size() - first ? Opened::Found::wrong : Opened::Found::torn;
    if (opened.found == Opened::Found::wrong) return opened;
    Bytes content;
    for (std::uint64_t n = first; n < first + blocks; ++n) {
        const Bytes payload = payload_of(file[n], n, *generation, salt);
        if (payload.empty()) return opened;
        content.insert(content.end(), payload.begin(), payload.end());
    }
    opened.found = Opened::Found::wrong;
    const View records = View(content).subspan(batch_head, size);
    std::optional<std::vector<Record>> taken = take_records(records);
    if (!taken || checksum_of(records) != checksum) return opened;
    return Opened{.found = Opened::Found::whole,
                  .batch = {.sequence = *generation, .room = room, .records = std::move(*taken)},
                  .blocks = blocks};
}

}  // namespace ft::wal
