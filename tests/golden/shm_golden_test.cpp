// Goal: every later version reads the header of a shared counter of version 1, and refuses what is broken in it for the
// right reason. Method: the committed lines of shm-v1, written from FORMAT.md by make.py beside them.
#include <fstream>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/shm/layout.h"
#include "tests/catch.h"

namespace ft::shm {

namespace {

struct Line {
    std::string why;
    Bytes block;
};

void put_hex(Bytes& block, std::size_t at, const std::string& hex) {
    for (std::size_t i = 0; i < hex.size(); i += 2)
        block[at++] = static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16));
}

std::vector<Line> lines_of(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/shm-v1/" + name);
    REQUIRE(file.good());
    std::vector<Line> lines;
    for (std::string line; std::getline(file, line);) {
        const std::size_t fields = line.find(" | "), checksum = line.rfind(" | ");
        REQUIRE(fields < checksum);
        lines.push_back({line.substr(0, fields), Bytes(header_bytes)});
        put_hex(lines.back().block, 0, line.substr(fields + 3, checksum - fields - 3));
        put_hex(lines.back().block, header_bytes - 8, line.substr(checksum + 3));
    }
    return lines;
}

}  // namespace

TEST_CASE("the header of a shared counter of version 1 is read, and written the same again") {
    const std::vector<Line> lines = lines_of("header.txt");
    REQUIRE(lines.size() == 1);
    const Header header = decode_header(lines[0].block, "/hits");
    CHECK(header.shape.kind == Kind::exact);
    CHECK(header.shape.start == -5);
    CHECK(header.shape.min == -10);
    CHECK(header.shape.max == 1'000'000);
    CHECK(header.shape.keys == 100);
    CHECK(header.counter.bytes[15] == std::byte{0x4f});
    CHECK(header.incarnation == 0x123456789abcdef0);
    CHECK(header.created == Time{.s = 1'795'000'000, .ns = 5});
    CHECK(header.base == counter::Version{.ballot = {.number = 2, .proposer = 3}, .sequence = 4});
    CHECK(header.first_key == 9);
    CHECK(header.boot == "c4a9d1f0-0000-4000-8000-000000000001");
    CHECK(header.inode == 77);
    CHECK(header.shape.flush == Flush{.period = std::chrono::milliseconds(100), .path = "/var/lib/hits"});
    CHECK(encode(header) == lines[0].block);
}

TEST_CASE("a broken header of a shared counter is damage, for the right reason") {
    const std::vector<Line> lines = lines_of("broken.txt");
    CHECK(lines.size() == 13);
    for (const Line& line : lines) {
        INFO(line.why);
        try {
            (void)decode_header(line.block, "/hits");
            FAIL("it was read");
        } catch (const Failure& failure) {
            CHECK(failure.exit() == Exit::damage);
            CHECK_THAT(failure.what(), Catch::Matchers::Contains(line.why));
        }
    }
}

}  // namespace ft::shm
