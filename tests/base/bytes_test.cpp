#include <limits>
#include <random>

#include "libcore/base/bytes.h"
#include "libcore/base/failure.h"
#include "tests/catch.h"

using namespace ft;

namespace {

Bytes bytes_of(std::initializer_list<int> values) {
    Bytes bytes;
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

bool same(View a, View b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

std::string failure_of(View bytes, const std::function<void(Decoder&)>& read) {
    Decoder in(bytes, "packs/x");
    try {
        read(in);
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::damage);
        CHECK(failure.parts().where == "packs/x");
        return failure.parts().why;
    }
    return "nothing failed";
}

const std::function<void(Decoder&)> read_varint = [](Decoder& in) { (void)in.varint(); };

}  // namespace

TEST_CASE("fixed numbers are little-endian", "[bytes]") {
    Encoder out;
    out.u8(0x01);
    out.u16(0x0302);
    out.u32(0x07060504);
    out.u64(0x0F0E0D0C0B0A0908);
    CHECK(same(out.view(), bytes_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})));
    Decoder in(out.view(), "x");
    CHECK(in.u8() == 0x01);
    CHECK(in.u16() == 0x0302);
    CHECK(in.u32() == 0x07060504);
    CHECK(in.u64() == 0x0F0E0D0C0B0A0908);
    in.end();
}

TEST_CASE("varints are LEB128 and come back, at every length", "[bytes]") {
    Encoder one;
    one.varint(300);
    CHECK(same(one.view(), bytes_of({0xAC, 0x02})));
    for (int bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t value : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit,
                                          std::numeric_limits<std::uint64_t>::max() >> bit}) {
            Encoder out;
            out.varint(value);
            CHECK(out.size() <= 10);
            Decoder in(out.view(), "x");
            CHECK(in.varint() == value);
            CHECK(in.empty());
        }
    }
}

TEST_CASE("signed varints are short for small numbers of either sign and come back", "[bytes]") {
    constexpr auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{-64},
                                     std::int64_t{-65}, least, most, least + 1}) {
        Encoder out;
        out.signed_varint(value);
        CHECK((out.size() == 1) == (value >= -64 && value <= 63));
        Decoder in(out.view(), "x");
        CHECK(in.signed_varint() == value);
    }
}

TEST_CASE("a varint cut short, too long, too big or padded is damage", "[bytes]") {
    CHECK(failure_of({}, read_varint) == "ends within a number");
    CHECK(failure_of(bytes_of({0x80}), read_varint) == "ends within a number");
    const Bytes too_big = bytes_of({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02});
    CHECK(failure_of(too_big, read_varint) == "a number is longer than 64 bits");
    CHECK(failure_of(Bytes(11, std::byte{0x80}), read_varint) == "a number is longer than 64 bits");
    CHECK(failure_of(bytes_of({0x80, 0x00}), read_varint) == "a number is not in its shortest form");
}

TEST_CASE("blobs and texts come back as views into the input", "[bytes]") {
    Encoder out;
    out.text("name");
    out.text("");
    out.blob(bytes_of({0, 255}));
    Decoder in(out.view(), "x");
    const std::string_view name = in.text(4);
    CHECK(name == "name");
    CHECK(static_cast<const void*>(name.data()) == out.view().data() + 1);
    CHECK(in.text(0).empty());
    CHECK(same(in.blob(2), bytes_of({0, 255})));
    CHECK(in.left() == 0);
}

TEST_CASE("lengths are bounded by the limit and by what is there", "[bytes]") {
    Encoder out;
    out.text("12345");
    CHECK(failure_of(out.view(), [](Decoder& in) { (void)in.text(4); }) == "a field of 5 bytes, more than 4");
    Encoder huge;
    huge.varint(std::numeric_limits<std::uint64_t>::max());
    CHECK(failure_of(huge.view(), [](Decoder& in) { (void)in.blob(SIZE_MAX); }) ==
          "ends too early: 18446744073709551615 bytes wanted, 0 left");
    CHECK(failure_of(bytes_of({9}), [](Decoder& in) { (void)in.bounded(8, "the count"); }) ==
          "the count is 9, more than 8");
    CHECK(failure_of(bytes_of({1, 2, 3}), [](Decoder& in) { (void)in.u32(); }) ==
          "ends too early: 4 bytes wanted, 3 left");
    Decoder in(View{}, "x");
    CHECK(in.raw(0).empty());
}

TEST_CASE("end() refuses bytes that are left", "[bytes]") {
    CHECK(failure_of(bytes_of({1, 2}), [](Decoder& in) { in.end(); }) == "2 bytes too many");
}

TEST_CASE("take() leaves an encoder that can be used again", "[bytes]") {
    Encoder out;
    out.u32(1);
    CHECK(out.take().size() == 4);
    CHECK(out.size() == 0);
    out.u8(7);
    CHECK(same(out.view(), bytes_of({7})));
    out.clear();
    CHECK(out.view().empty());
}

TEST_CASE("a random series of fields comes back, and any prefix of it is damage", "[bytes]") {
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> numbers(50);
    Encoder out;
    for (std::uint64_t& number : numbers) {
        number = random() >> (random() % 64);
        out.varint(number);
        out.text(std::string(number % 7, 'x'));
    }
    const auto read_all = [&](Decoder& in) {
        for (const std::uint64_t number : numbers) {
            const std::uint64_t found = in.varint();
            const std::string_view text = in.text(6);
            CHECK((found == number && text.size() == number % 7));
        }
        in.end();
    };
    Decoder in(out.view(), "x");
    read_all(in);
    for (std::size_t n = 0; n < out.size(); ++n) CHECK(failure_of(out.view().first(n), read_all).starts_with("ends "));
}
