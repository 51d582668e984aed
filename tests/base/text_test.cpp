#include <cstdlib>
#include <ctime>
#include <limits>

#include "libcore/base/text.h"
#include "tests/catch.h"

using namespace ft;

namespace {

/// Local time is `zone` while this lives.
class Zone {
public:
    explicit Zone(const char* zone) {
        if (const char* former = std::getenv("TZ")) former_ = former;
        setenv("TZ", zone, 1);
        tzset();
    }
    ~Zone() {
        former_ ? setenv("TZ", former_->c_str(), 1) : unsetenv("TZ");
        tzset();
    }
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;

private:
    std::optional<std::string> former_;
};

constexpr std::uint64_t max64 = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("sizes for people have at most three digits", "[text]") {
    CHECK(human_bytes(0) == "0 bytes");
    CHECK(human_bytes(1) == "1 byte");
    CHECK(human_bytes(312) == "312 bytes");
    CHECK(human_bytes(999) == "999 bytes");
    CHECK(human_bytes(1000) == "1 kB");
    CHECK(human_bytes(1536) == "1.54 kB");
    CHECK(human_bytes(81'000'000) == "81 MB");
    CHECK(human_bytes(81'420'000) == "81.4 MB");
    CHECK(human_bytes(1'500'000'000) == "1.5 GB");
    CHECK(human_bytes(999'499) == "999 kB");
    CHECK(human_bytes(999'500) == "1 MB");
    CHECK(human_bytes(99'960) == "100 kB");
    CHECK(human_bytes(9'996) == "10 kB");
    CHECK(human_bytes(max64) == "18.4 EB");
}

TEST_CASE("durations for people have one unit or two", "[text]") {
    CHECK(human_duration(0) == "0 ms");
    CHECK(human_duration(0.0004) == "0.4 ms");
    CHECK(human_duration(0.045) == "45 ms");
    CHECK(human_duration(0.9999) == "1.0 s");
    CHECK(human_duration(1.34) == "1.3 s");
    CHECK(human_duration(9.96) == "10 s");
    CHECK(human_duration(59.4) == "59 s");
    CHECK(human_duration(59.6) == "1 min");
    CHECK(human_duration(90) == "1 min 30 s");
    CHECK(human_duration(7500) == "2 h 5 min");
    CHECK(human_duration(3600) == "1 h");
    CHECK(human_duration(86400 * 3 + 4 * 3600 + 59) == "3 d 4 h");
    CHECK(human_duration(-2) == "-2.0 s");
    CHECK(human_duration(std::numeric_limits<double>::infinity()) == "unknown");
    CHECK(human_duration(1e30).find("years") != std::string::npos);
}

TEST_CASE("times are written in UTC for machines and in local time for people", "[text]") {
    const Zone zone("EST5");
    CHECK(iso_time({0, 5}) == "1970-01-01T00:00:00.000000005Z");
    CHECK(iso_time({-1, 999'999'999}) == "1969-12-31T23:59:59.999999999Z");
    CHECK(iso_time({1'795'428'005, 0}) == "2026-11-23T10:00:05.000000000Z");
    CHECK(human_time({1'795'428'005, 0}) == "2026-11-23 05:00:05");
    CHECK(iso_time({std::numeric_limits<std::int64_t>::max(), 0}) == "@9223372036854775807.000000000");
}

TEST_CASE("times are read in all their forms", "[text]") {
    const Zone zone("EST5");
    CHECK(parse_time("2026-11-23T10:00:05Z") == Time{1'795'428'005, 0});
    CHECK(parse_time("2026-11-23T05:00:05") == Time{1'795'428'005, 0});
    CHECK(parse_time("2026-11-23 05:00:05") == Time{1'795'428'005, 0});
    CHECK(parse_time("2026-11-23T05:00") == Time{1'795'428'000, 0});
    CHECK(parse_time("2026-11-23T10:00Z") == Time{1'795'428'000, 0});
    CHECK(parse_time("2026-11-23Z") == Time{1'795'392'000, 0});
    CHECK(parse_time("2026-11-23") == Time{1'795'410'000, 0});
    CHECK(parse_time("2026-11-23T10:00:05.25Z") == Time{1'795'428'005, 250'000'000});
    CHECK(parse_time("1969-12-31T23:59:59Z") == Time{-1, 0});
    CHECK(parse_time("2024-02-29Z"));
    CHECK(parse_time("2000-02-29Z"));
    for (const Time t : {Time{1'795'428'005, 123'456'789}, Time{-5, 1}}) CHECK(parse_time(iso_time(t)) == t);
}

TEST_CASE("what is no time of the calendar is refused", "[text]") {
    for (const char* text : {"",
                             "2026",
                             "2026-11",
                             "2026-13-01",
                             "2026-00-01",
                             "2026-11-00",
                             "2026-11-31",
                             "2023-02-29",
                             "1900-02-29",
                             "2026-1-1",
                             "26-11-23",
                             "2026-11-23T",
                             "2026-11-23T10",
                             "2026-11-23T24:00",
                             "2026-11-23T10:60",
                             "2026-11-23T10:00:60",
                             "2026-11-23T10:00:05.",
                             "2026-11-23T10:00:05.1234567890",
                             "2026-11-23T10:00:05X",
                             "2026-11-23T10:00:05ZZ",
                             "2026-11-23T10:00+01:00",
                             "+026-11-23",
                             "2026-11- 3",
                             " 2026-11-23",
                             "2026-11-23 ",
                             "2026/11/23",
                             "yesterday"})
        CHECK_FALSE(parse_time(text));
}

TEST_CASE("UTF-8 is accepted in its shortest forms only", "[text]") {
    for (const char* good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        CHECK(is_utf8(good));
    for (const char* bad : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\x80\x80",
                            "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF", "ok\xFF"})
        CHECK_FALSE(is_utf8(bad));
    CHECK(is_utf8(std::string_view("\0", 1)));
}

TEST_CASE("printable names drive no terminal and stay as they are otherwise", "[text]") {
    CHECK(printable("plain name.txt") == "plain name.txt");
    CHECK(printable("gr\xC3\xBC\xC3\x9F") == "gr\xC3\xBC\xC3\x9F");
    CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
    CHECK(printable("\x1B[31m\x7F") == "\\x1B[31m\\x7F");
    CHECK(printable("\xE9t\xE9") == "\\xE9t\\xE9");
    CHECK(printable("\xC2\x9B") == "\\xC2\\x9B");           // CSI as one C1 character
    CHECK(printable("\xE2\x80\xAE") == "\\xE2\\x80\\xAE");  // right-to-left override
    CHECK(printable(std::string_view("\0", 1)) == "\\x00");
    std::string all;
    for (int value = 0; value < 256; ++value) all += static_cast<char>(value);
    CHECK(printable(printable(all)) == printable(all));
    CHECK(is_utf8(printable(all)));
}

TEST_CASE("base64 is that of RFC 4648 section 10", "[text]") {
    CHECK(base64("").empty());
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xFB\xFF\xFE") == "+//+");
}

TEST_CASE("numbers are decimal digits and fit in 64 bits", "[text]") {
    CHECK(parse_number("0") == 0);
    CHECK(parse_number("007") == 7);
    CHECK(parse_number("18446744073709551615") == max64);
    for (const char* text : {"", "18446744073709551616", "-1", "+1", "1e3", "0x10", " 1", "1 ", "1.0", "one"})
        CHECK_FALSE(parse_number(text));
}

TEST_CASE("durations have a unit", "[text]") {
    using namespace std::chrono_literals;
    CHECK(parse_duration("90s") == 90s);
    CHECK(parse_duration("15m") == 15min);
    CHECK(parse_duration("2h") == 2h);
    CHECK(parse_duration("7d") == 168h);
    CHECK(parse_duration("3w") == 504h);
    CHECK(parse_duration("0s") == 0s);
    for (const char* text : {"", "90", "s", "-5s", "1e3s", "1.5h", "5 m", "5M", "5ms", "18446744073709551615w",
                             "18446744073709551615s", "99999999999s"})
        CHECK_FALSE(parse_duration(text));
}

TEST_CASE("sizes are decimal or binary by their unit", "[text]") {
    CHECK(parse_size("4096") == 4096);
    CHECK(parse_size("1B") == 1);
    CHECK(parse_size("64KiB") == 65536);
    CHECK(parse_size("64K") == 65536);
    CHECK(parse_size("64kB") == 64000);
    CHECK(parse_size("64KB") == 64000);
    CHECK(parse_size("1GB") == 1'000'000'000);
    CHECK(parse_size("1GiB") == 1ULL << 30);
    CHECK(parse_size("2T") == 2ULL << 40);
    CHECK(parse_size("16777215TiB") == 16777215ULL << 40);
    for (const char* text :
         {"", "KiB", "-1", "1e3", "1.5GB", "1 GB", "1gb", "1k", "16777216TiB", "18446744073709551616", "1Ki"})
        CHECK_FALSE(parse_size(text));
}

TEST_CASE("a mistyped word finds the near one, a strange one finds none", "[text]") {
    const std::vector<std::string> words = {"save",   "list",   "show", "diff", "verify", "prune",
                                            "repair", "status", "ls",   "cat",  "rm"};
    CHECK(did_you_mean("sav", words) == "save");
    CHECK(did_you_mean("svae", words) == "save");
    CHECK(did_you_mean("saev", words) == "save");
    CHECK(did_you_mean("verfiy", words) == "verify");
    CHECK(did_you_mean("prnue", words) == "prune");
    CHECK(did_you_mean("stauts", words) == "status");
    CHECK(did_you_mean("lsit", words) == "list");
    CHECK(did_you_mean("save", words) == "save");
    CHECK_FALSE(did_you_mean("xyz", words));
    CHECK_FALSE(did_you_mean("commit", words));
    CHECK_FALSE(did_you_mean("", words));
    CHECK_FALSE(did_you_mean("k", words));
    CHECK_FALSE(did_you_mean("verifyall", words));
    CHECK_FALSE(did_you_mean("save", {}));
}

TEST_CASE("globs match as a shell's do", "[text]") {
    const auto matches = [](std::initializer_list<const char*> paths, const char* glob) {
        for (const char* path : paths) {
            INFO(glob << " on " << path);
            CHECK(glob_match(glob, path));
        }
    };
    const auto differs = [](std::initializer_list<const char*> paths, const char* glob) {
        for (const char* path : paths) {
            INFO(glob << " on " << path);
            CHECK_FALSE(glob_match(glob, path));
        }
    };
    matches({""}, "");
    differs({"a"}, "");
    matches({"a/b"}, "a/b");
    differs({"a", "a/b/", "A/b"}, "a/b");

    matches({".o", "a.o", "a.o.o", ".hidden.o"}, "*.o");
    differs({"a/b.o", "a.oo", "o"}, "*.o");
    matches({"a/b.o", "xx/.o"}, "*/*.o");
    differs({"b.o", "a/b/c.o"}, "*/*.o");
    matches({"abXcdXe", "aXX"}, "a*X*X*");
    differs({"aX", "aX/X"}, "a*X*X*");

    matches({"a", "a/b", "a/b/c", ""}, "**");
    matches({"x.o", "a/x.o", "a/b/x.o"}, "**/*.o");
    differs({"x.c", "a/x.o/y"}, "**/*.o");
    matches({"a/b", "a/x/b", "a/x/y/b"}, "a/**/b");
    differs({"ab", "a/xb", "a/x/yb", "b"}, "a/**/b");
    matches({"a/", "a/b", "a/b/c"}, "a/**");
    differs({"a", "ab/c"}, "a/**");
    matches({"ab", "a/x/b"}, "a**b");
    matches({"p/a/q/a/b", "a/b"}, "**/a/b");
    matches({"x/cache/y/cache/z.tmp"}, "**/cache/*.tmp");
    differs({"x/cache/y/z.tmp"}, "**/cache/*.tmp");
    matches({"a/1/b/2/c/d"}, "a/**/b/*/c/**");

    matches({"a", "\xC3\xA4", "\xFF"}, "?");
    differs({"", "ab", "/", "\xC3\xA4\xC3\xA4"}, "?");
    matches({"a\xC3\xA4z"}, "*?z");

    matches({"a", "m", "z"}, "[a-z]");
    differs({"A", "", "ab", "-"}, "[a-z]");
    matches({"A", "-", "\xC3\xA4"}, "[!a-z]");
    differs({"a", "/", ""}, "[!a-z]");
    matches({"A"}, "[^a-z]");
    matches({"-", "a"}, "[a-]");
    matches({"]", "a"}, "[]a]");
    matches({"b"}, "[!]a]");
    matches({"\xC3\xB6"}, "[\xC3\xA4-\xC3\xBC]");
    differs({"\xC3\x9F"}, "[\xC3\xA4-\xC3\xBC]");
    matches({"x1.log", "x9.log"}, "x[0-9].log");
    differs({"/"}, "[.-0]");
    matches({"[a"}, "[a");
    matches({"[", "x["}, "*[");

    matches({"*"}, "\\*");
    differs({"a"}, "\\*");
    matches({"a?"}, "a\\?");
    matches({"\\"}, "\\");
    matches({"[a]"}, "\\[a]");
}

TEST_CASE("a hostile glob takes no exponential time", "[text]") {
    std::string glob, path(2000, 'a');
    for (int i = 0; i < 50; ++i) glob += "*a**a";
    CHECK_FALSE(glob_match(glob + "b", path));
    CHECK(glob_match(glob, path));
}
