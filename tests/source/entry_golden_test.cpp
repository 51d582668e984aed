// Goal: every later version reads the entries of version 1, and refuses what is broken in them for the right reason.
// Method: the committed files of tests/golden/entries-v1, written from FORMAT.md by make.py beside them.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/source/entries.h"

namespace ft::source {
namespace {

std::ifstream golden(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/entries-v1/" + name);
    REQUIRE(file.good());
    return file;
}

Bytes from_hex(const std::string& hex) {
    REQUIRE(hex.size() % 2 == 0);
    Bytes bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}

Bytes sample() {
    std::ifstream file = golden("sample.hex");
    Bytes stream;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        const Bytes bytes = from_hex(line);
        stream.insert(stream.end(), bytes.begin(), bytes.end());
    }
    return stream;
}

Run chunk(std::uint32_t length, unsigned first_byte) {
    Run run;
    run.length = length;
    for (unsigned i = 0; i < 32; ++i) run.digest.bytes[i] = static_cast<std::byte>(first_byte + i);
    return run;
}

Run hole(std::uint64_t length) {
    Run run;
    run.hole = length;
    return run;
}

Entry entry(const std::string& path, io::Kind kind, std::uint32_t mode, std::uint64_t ino) {
    Entry made;
    made.path = path;
    made.kind = kind;
    made.mode = mode;
    made.mtime = {1, 0};
    made.ctime = {2, 0};
    made.ino = ino;
    return made;
}

void append_first(std::vector<Entry>& to) {
    Entry first = entry("first", io::Kind::file, 04755, UINT64_MAX);
    first.mtime = {1795400000, 1};
    first.linked = true;
    first.more = true;
    first.size = 70000 + (1ULL << 40) + 1;
    first.runs = {chunk(70000, 3), hole(1ULL << 40)};
    to.push_back(first);
    Entry further;
    further.path = "first";
    further.continues = true;
    further.changed = true;
    further.runs = {chunk(1, 5)};
    to.push_back(further);
}

std::vector<Entry> sample_entries() {
    std::vector<Entry> all;
    Entry root = entry("", io::Kind::dir, 02775, 2);
    root.uid = 4000000000;
    root.gid = 100;
    root.mtime = {-1, 999999999};
    root.ctime = {1795400000, 123456789};
    root.xattrs = {{"system.posix_acl_default", std::string("\2\0\0\0", 4)}, {"user.empty", ""}};
    all.push_back(root);
    all.push_back(entry("block", io::Kind::block_device, 0660, 10));
    all.back().rdev = 0x801;
    all.push_back(entry("char", io::Kind::char_device, 0666, 11));
    all.back().rdev = 0x103;
    all.push_back(entry("empty", io::Kind::file, 0600, 12));
    append_first(all);
    all.push_back(entry("first.d", io::Kind::dir, 01777, 13));
    all.push_back(entry("first.d/again", io::Kind::file, 04755, UINT64_MAX));
    all.back().mtime = {1795400000, 1};
    all.back().size = 70000 + (1ULL << 40) + 1;
    all.back().hard_link = "first";
    all.push_back(entry("first.d/pipe", io::Kind::fifo, 0622, 14));
    all.push_back(entry("first.d/to", io::Kind::symlink, 0777, 15));
    all.back().symlink = "/no/where\xff";
    all.push_back(entry("first.d0", io::Kind::fifo, 0600, 16));
    all.push_back(entry("g\n\xff", io::Kind::file, 0, 17));
    all.back().mtime = {INT64_MIN, 0};
    all.back().ctime = {INT64_MAX, 0};
    all.back().size = 4096;
    all.back().runs = {hole(4096)};
    return all;
}

/// Why a stream is damaged; empty where it is not.
std::string refusal_of(View stream) {
    try {
        (void)decode(stream);
        return {};
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::damage);
        return failure.parts().why;
    }
}

}  // namespace

TEST_CASE("the committed entries of version 1 are read as what they are") {
    const std::vector<Entry> expected = sample_entries();
    const std::vector<Entry> found = decode(sample());
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        INFO(found[i].path);
        CHECK(found[i] == expected[i]);
    }
}

TEST_CASE("today's writer gives the committed bytes of version 1") {
    const bool equal = encode(sample_entries()) == sample();
    CHECK(equal);
}

TEST_CASE("each broken list of version 1 is refused for its own reason") {
    std::ifstream file = golden("broken.txt");
    std::size_t cases = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        const std::size_t first = line.find(" | "), second = line.rfind(" | ");
        REQUIRE(first < second);
        const std::string expected = line.substr(first + 3, second - first - 3);
        INFO(line.substr(0, first) << ": " << expected);
        const Bytes stream = from_hex(line.substr(second + 3));
        const std::string refusal = refusal_of(stream);
        INFO(refusal);
        CHECK(refusal.find(expected) != std::string::npos);
        ++cases;
    }
    CHECK(cases > 70);
}

}  // namespace ft::source
