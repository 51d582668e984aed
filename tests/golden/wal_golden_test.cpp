// Goal: every later version reads a log of version 1, and says of each broken one what is broken. Method: the committed
// sectors of wal-v1, written from FORMAT.md by make.py beside them.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/wal/scan.h"
#include "tests/catch.h"

namespace ft::wal {

namespace {

std::vector<std::string> lines_of(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/wal-v1/" + name);
    REQUIRE(file.good());
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find(" | ", at), line.size());
        fields.push_back(line.substr(at, end - at));
        at = end + 3;
    }
    return fields;
}

/// Puts the sector that a line tells of where it belongs.
void put_sector(std::vector<Block>& file, const std::string& line) {
    const std::vector<std::string> fields = fields_of(line);
    REQUIRE(fields.size() == 5);
    const std::size_t number = std::stoul(fields[0], nullptr, 16);
    file.resize(std::max(file.size(), number / sectors_per_block + 1));
    const auto sector = file[number / sectors_per_block].sector(number % sectors_per_block);
    std::ranges::fill(sector, std::byte{0});
    for (std::size_t i = 0; i < fields[1].size(); i += 2)
        sector[i / 2] = static_cast<std::byte>(std::stoi(fields[1].substr(i, 2), nullptr, 16));
    for (std::size_t field = 2; field < 5; ++field) {
        const std::uint64_t value = std::stoull(fields[field], nullptr, 16);
        for (std::size_t i = 0; i < 8; ++i)
            sector[sector_payload + 8 * (field - 2) + i] = static_cast<std::byte>(value >> (8 * i));
    }
}

std::vector<Block> sample() {
    std::vector<Block> file(12);
    for (const std::string& line : lines_of("sample.txt")) put_sector(file, line);
    return file;
}

Uuid uuid(unsigned first) {
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<std::byte>(first + i);
    return uuid;
}

Record record(std::uint8_t type, std::string_view body) { return {type, {view_of(body).begin(), view_of(body).end()}}; }

/// What make.py wrote.
const Header header{.log = uuid(1), .owner = uuid(100), .blocks = 8};
const std::vector<Record> first{record(1, "plan"), record(2, "")}, second{record(200, std::string(5000, 'c'))},
    last{record(3, "last")};

std::vector<Record> all() {
    std::vector<Record> all = first;
    all.push_back(second[0]);
    all.push_back(last[0]);
    return all;
}

/// What a reader says, in the words of broken.txt.
std::string said_of(std::span<const Block> file) {
    try {
        const Scan found = scan(file, "log", header.owner);
        if (found.why) return *found.why;
        if (found.records == all()) return "right";
        std::vector<Record> before = all();
        before.pop_back();
        CHECK(found.records == before);
        return found.torn_end != 0 ? "torn" : "torn-clean";
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::damage);
        return failure.parts().why;
    }
}

struct Case {
    std::string name, said;
    std::vector<Block> file;
};

std::vector<Case> cases() {
    const std::vector<Block> sound = sample();
    std::vector<Case> all;
    for (const std::string& line : lines_of("broken.txt")) {
        if (line.starts_with("= ")) {
            const std::vector<std::string> told = fields_of(line.substr(2));
            REQUIRE(told.size() == 2);
            all.push_back({told[0], told[1], sound});
        } else if (line.starts_with("size ")) {
            all.back().file.resize(std::stoul(line.substr(5)) / block_size);
        } else {
            put_sector(all.back().file, line);
        }
    }
    return all;
}

}  // namespace

TEST_CASE("the committed log of version 1 is read as what it is") {
    const Scan found = scan(sample(), "log", header.owner);
    CHECK(found.header.log == header.log);
    CHECK(found.header.blocks == header.blocks);
    CHECK(found.records == all());
    CHECK(found.end == 6);
    CHECK(found.sequence == 5);
    CHECK(found.room == 12);
    CHECK(found.torn_end == 0);
    CHECK_FALSE(found.why);
}

TEST_CASE("a log is written as the committed one of version 1, byte for byte") {
    std::vector<Block> written{encode(header)};
    const auto put = [&](std::uint64_t sequence, std::uint64_t room, const std::vector<Record>& records) {
        const std::vector<Block> blocks =
            seal({.sequence = sequence, .room = room, .records = records}, written.size(), header.salt());
        CHECK(blocks.size() == blocks_for(records));
        written.insert(written.end(), blocks.begin(), blocks.end());
    };
    put(1, 8, first);
    put(2, 8, second);
    put(3, 12, {});
    put(4, 12, last);
    written.resize(12);
    const std::vector<Block> committed = sample();
    REQUIRE(written.size() == committed.size());
    CHECK(std::ranges::equal(bytes_of(written), bytes_of(committed)));
}

TEST_CASE("of each broken log of version 1 a reader says what is broken") {
    const std::vector<Case> all = cases();
    for (const Case& one : all) {
        INFO(one.name);
        const std::string said = said_of(one.file);
        INFO(said);
        CHECK(said.starts_with(one.said));
    }
    CHECK(all.size() == 37);
}

}  // namespace ft::wal
