#include <random>
#include <thread>

#include "libcore/base/clock.h"
#include "libcore/base/hash.h"
#include "tests/catch.h"

using namespace ft;

TEST_CASE("digests are SHA-256 (FIPS 180-4 examples)", "[hash]") {
    CHECK(digest_of({}).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(digest_of(view_of("abc")).hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const std::string million(1'000'000, 'a');
    CHECK(digest_of(view_of(million)).hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("digests of several contents are those of each, whatever their lengths", "[hash]") {
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same contents on every run
    Bytes bytes(300'000);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    std::vector<View> contents;
    // Every length around the ends of blocks and of the padding, at every alignment; then lengths of all sizes.
    for (std::size_t length = 0; length < 260; ++length) contents.push_back(View(bytes).subspan(length, length));
    for (int i = 0; i < 200; ++i) contents.push_back(View(bytes).first(random() % (std::size_t{1} << random() % 19)));
    std::vector<Digest> expected;
    for (const View content : contents) expected.push_back(digest_of(content));
    CHECK(digests_of(contents) == expected);
    for (std::size_t count = 0; count < 9; ++count) {  // fewer than lanes, and more
        const std::vector<Digest> first(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count));
        CHECK(digests_of(std::span(contents).first(count)) == first);
    }
}

TEST_CASE("digests are the same on every thread and leave nothing behind", "[hash]") {
    const Digest expected = digest_of(view_of("abc"));
    Digest there;
    std::thread([&] {
        (void)digest_of(view_of("something else"));
        there = digest_of(view_of("abc"));
    }).join();
    CHECK(there == expected);
}

TEST_CASE("checksums are XXH3 with 64 bits and seed 0", "[hash]") {
    CHECK(checksum_of({}) == 0x2D06800538D394C2);
    CHECK(checksum_of(view_of("a")) == 0xE6C632B61E964E1F);
    CHECK(checksum_of(view_of("abc")) == 0x78AF5F94892F3950);
}

TEST_CASE("a digest is read back from its hex form, and from no other text", "[hash]") {
    const Digest digest = digest_of(view_of("abc"));
    CHECK(Digest::from_hex(digest.hex()) == digest);
    CHECK_FALSE(Digest::from_hex(""));
    CHECK_FALSE(Digest::from_hex(digest.hex().substr(1)));
    CHECK_FALSE(Digest::from_hex(digest.hex() + "0"));
    for (const char wrong : {'g', 'A', ' ', '/', ':', '`'}) {
        std::string hex = digest.hex();
        hex[63] = wrong;
        CHECK_FALSE(Digest::from_hex(hex));
    }
}

TEST_CASE("a digest's prefix orders as the digest does", "[hash]") {
    Digest low, high;
    low.bytes[0] = std::byte{1};
    high.bytes[0] = std::byte{2};
    low.bytes[7] = std::byte{9};
    CHECK(low < high);
    CHECK(low.prefix() < high.prefix());
    CHECK(low.prefix() == 0x0100000000000009);
}

TEST_CASE("uuids differ and are 32 hex digits", "[hash]") {
    SystemClock clock;
    const Uuid a = clock.random_uuid(), b = clock.random_uuid();
    CHECK(a != b);
    CHECK(a.hex().size() == 32);
    CHECK(Uuid{}.hex() == std::string(32, '0'));
}
