// Goal: every later version reads the claims of version 1, and refuses what is broken in them.
// Method: the committed files of claim-v1, written from FORMAT.md by make.py beside them.
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"
#include "libcore/twophase/claim.h"
#include "libcore/twophase/participant.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

struct Line {
    std::string what, why;
    Bytes bytes;
};

std::vector<Line> lines_of(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/claim-v1/" + name);
    REQUIRE(file.good());
    std::vector<Line> lines;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        const std::size_t first = line.find(" | "), last = line.rfind(" | ");
        lines.push_back({line.substr(0, first), first == last ? "" : line.substr(first + 3, last - first - 3), {}});
        for (std::size_t i = last + 3; i < line.size(); i += 2)
            lines.back().bytes.push_back(static_cast<std::byte>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
    return lines;
}

/// As a branch sees it.
Content content_with(const std::string& content) {
    sim::SimDisk disk;
    const auto root = disk.root();
    root->create_file("f", 0600)->write_at(view_of(content), 0);
    return content_of(*root, "f", [] {});
}

Content link_to(const std::string& target) {
    sim::SimDisk disk;
    const auto root = disk.root();
    root->make_symlink("l", target);
    return content_of(*root, "l", [] {});
}

}  // namespace

TEST_CASE("claims of version 1 are read, and written the same again") {
    std::string big;
    for (int i = 0; i < 2 << 20; ++i) big += static_cast<char>(i);
    const Branch branch{Uuid::from_hex("000102030405060708090a0b0c0d0e0f").value(), 0x1234, 0, 3};
    const std::map<std::string, Claim> expected{
        {"made", {branch.id(), "app.conf", {}, content_with("new")}},
        {"replaced", {branch.id(), "app.conf", content_with(big + "old"), content_with("")}},
        {"removed", {branch.id(), "app.conf", content_with("old"), {}}},
        {"switched", {branch.id(), std::string(255, 'n'), link_to("gen1"), link_to("gen2")}}};
    const std::vector<Line> lines = lines_of("sample.txt");
    CHECK(lines.size() == expected.size());
    for (const Line& line : lines) {
        INFO(line.what);
        CHECK(decode_claim(line.bytes, "claim") == expected.at(line.what));
        CHECK(encode(expected.at(line.what)) == line.bytes);
    }
}

TEST_CASE("a broken claim is damage, for the right reason") {
    const std::vector<Line> lines = lines_of("broken.txt");
    CHECK(lines.size() == 19);
    for (const Line& line : lines) {
        INFO(line.what);
        try {
            (void)decode_claim(line.bytes, "claim");
            FAIL("it was read");
        } catch (const Failure& failure) {
            CHECK(failure.exit() == Exit::damage);
            CHECK_THAT(failure.what(), Catch::Matchers::Contains(line.why));
        }
    }
}

}  // namespace ft::twophase
