// Goal: every later version reads the small lists of version 1, and refuses what is broken in them for the right
// reason. Method: the committed files of lists-v1, written from FORMAT.md by make.py beside them.
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/store/lists.h"
#include "tests/catch.h"

namespace ft::store {

namespace {

using Fields = std::vector<std::string>;

/// Lines of " | " between fields.
std::vector<Fields> lines_of(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/lists-v1/" + name);
    REQUIRE(file.good());
    std::vector<Fields> all;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        Fields fields;
        for (std::size_t at = 0; at <= line.size();) {
            const std::size_t end = std::min(line.find(" | ", at), line.size());
            fields.push_back(line.substr(at, end - at));
            at = end + 3;
        }
        all.push_back(fields);
    }
    return all;
}

Bytes from_hex(const std::string& hex) {
    REQUIRE(hex.size() % 2 == 0);
    Bytes bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}

Digest digest(unsigned first) {
    Digest digest;
    for (unsigned i = 0; i < 32; ++i) digest.bytes[i] = static_cast<std::byte>(first + i);
    return digest;
}

const std::vector<Digest> packs{digest(0), digest(100)};
const std::vector<std::string> guards{"2ab0", std::string(255, '\xff')};
const std::vector<DamagedChunk> copies{{digest(7), digest(8)}, {digest(7), digest(200)}, {digest(250), digest(3)}};

/// Why a list is damaged; empty where it is not.
std::string refusal_of(const std::string& kind, View bytes) {
    try {
        if (kind == "mark") (void)decode_mark(bytes, "x");
        if (kind == "guards") (void)decode_guards(bytes, "x");
        if (kind == "damage") (void)decode_damage(bytes, "x");
        return {};
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::damage);
        return failure.parts().why;
    }
}

}  // namespace

TEST_CASE("the committed lists of version 1 are read as what they are, and written alike") {
    const std::vector<Fields> samples = lines_of("sample.txt");
    REQUIRE(samples.size() == 6);
    const auto bytes = [&](std::size_t i) { return from_hex(samples[i].at(1)); };
    CHECK(decode_mark(bytes(0), "") == packs);
    CHECK(decode_guards(bytes(1), "") == guards);
    CHECK(decode_damage(bytes(2), "") == copies);
    CHECK(decode_mark(bytes(3), "").empty());
    CHECK(decode_guards(bytes(4), "").empty());
    CHECK(decode_damage(bytes(5), "").empty());
    const std::vector<Bytes> written{encode_mark(packs), encode_guards(guards), encode_damage(copies),
                                     encode_mark({}),    encode_guards({}),     encode_damage({})};
    for (std::size_t i = 0; i < written.size(); ++i) CHECK(written[i] == bytes(i));
}

TEST_CASE("each broken small list of version 1 is refused for its own reason") {
    std::map<std::string, int> cases;
    for (const Fields& broken : lines_of("broken.txt")) {
        REQUIRE(broken.size() == 4);
        INFO(broken[0] << ": " << broken[1]);
        const std::string refusal = refusal_of(broken[0], from_hex(broken[3]));
        INFO(refusal);
        CHECK(refusal.find(broken[2]) != std::string::npos);
        ++cases[broken[0]];
    }
    CHECK(cases == std::map<std::string, int>{{"damage", 14}, {"guards", 17}, {"mark", 14}});
}

}  // namespace ft::store
