#include <cmath>
#include <limits>

#include "libcore/base/json.h"
#include "tests/catch.h"

using namespace ft;

namespace {

template <class T>
std::string json_of(const T& value) {
    JsonWriter out;
    out.value(value);
    return out.take();
}

}  // namespace

TEST_CASE("JSON objects and arrays nest with commas where they belong", "[json]") {
    JsonWriter out;
    out.begin_object().field("v", 1).field("tool", "ftckpt").key("empty").begin_object().end();
    out.key("list").begin_array().value(1).begin_array().end().begin_object().field("a", true).end().null().end();
    out.field("last", false).end();
    CHECK(out.take() == R"({"v":1,"tool":"ftckpt","empty":{},"list":[1,[],{"a":true},null],"last":false})");
}

TEST_CASE("a JSON writer can be used again after take", "[json]") {
    JsonWriter out;
    out.begin_array().end();
    CHECK(out.take() == "[]");
    out.begin_array().value(2).end();
    CHECK(out.take() == "[2]");
}

TEST_CASE("JSON strings escape what would break a line, a quote or a terminal", "[json]") {
    CHECK(json_of("a\"b\\c\nd\te") == R"("a\"b\\c\nd\u0009e")");
    CHECK(json_of(std::string_view("\0\x1B\x7F", 3)) == R"("\u0000\u001b\u007f")");
    CHECK(json_of("\xC2\x9B") == R"("\u009b")");
    CHECK(json_of("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80") == "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\"");
    JsonWriter out;
    out.begin_object().field("k\"", 0).end();
    CHECK(out.take() == R"({"k\"":0})");
}

TEST_CASE("JSON strings replace each byte that is not UTF-8", "[json]") {
    CHECK(json_of("a\xFF\x62") ==
          "\"a\xEF\xBF\xBD"
          "b\"");
    CHECK(json_of("\xC3") == "\"\xEF\xBF\xBD\"");
    CHECK(json_of("\xED\xA0\x80") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("JSON numbers are exact", "[json]") {
    CHECK(json_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(json_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(json_of(0.1) == "0.1");
    CHECK(json_of(1e300) == "1e+300");
    CHECK(json_of(std::nan("")) == "null");
    CHECK(json_of(-INFINITY) == "null");
    CHECK(json_of(std::uint8_t{7}) == "7");
}
