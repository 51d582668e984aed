// Goal: what is declared is what is parsed, and a mistake is named before anything runs.
#include <chrono>

#include "libcore/ui/flags.h"
#include "tests/catch.h"

namespace ft::ui {

namespace {

struct Sample {
    std::string name;
    std::vector<std::string> paths, excludes, rest;
    std::optional<std::string> store;
    std::optional<std::uint64_t> keep;
    std::chrono::seconds wait{0};
    int level = 1;
    bool full = false;
};

Sample parsed(const std::vector<std::string>& words, bool with_rest = true) {
    Sample sample;
    Flags flags;
    flags.positional("NAME", sample.name, "the name");
    flags.positionals("PATH", sample.paths, 0, "what to save");
    flags.option("-s, --store", sample.store, "DIR", "the store");
    flags.option("--exclude", sample.excludes, "GLOB", "leave out");
    flags.option("--keep", sample.keep, "N", "how many");
    flags.option("--lock-wait", sample.wait, "DURATION", "how long");
    flags.option("--level", sample.level, "N", "zstd level").between(1, 19);
    flags.toggle("-f, --full", sample.full, "read all");
    if (with_rest) flags.rest("CMD...", sample.rest, "a command");
    parse(flags, "ftckpt save", words);
    return sample;
}

std::string refusal(const std::vector<std::string>& words) {
    try {
        static_cast<void>(parsed(words));
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::usage);
        return failure.what();
    }
    return "";
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("flags and positionals may be mixed, in every usual spelling", "[ui]") {
    const Sample sample = parsed({"job", "-s", "/a", "one", "--level=7", "--exclude", "x", "--exclude=y", "-f", "two"});
    CHECK(sample.name == "job");
    CHECK(sample.paths == Words{"one", "two"});
    CHECK(sample.store == "/a");
    CHECK(sample.level == 7);
    CHECK(sample.excludes == Words{"x", "y"});
    CHECK(sample.full);
    CHECK(parsed({"job", "-s/a"}).store == "/a");
    CHECK(parsed({"job", "--store=/a=b"}).store == "/a=b");
    CHECK(parsed({"job", "--lock-wait", "2m"}).wait == std::chrono::seconds(120));
}

TEST_CASE("a dash alone is a positional, and an option's value may begin with one", "[ui]") {
    CHECK(parsed({"job", "-"}).paths == Words{"-"});
    CHECK(parsed({"job", "--exclude", "-x"}).excludes == Words{"-x"});
    CHECK(parsed({"job", "--exclude=--full"}).excludes == Words{"--full"});
}

TEST_CASE("what follows -- is taken as it is", "[ui]") {
    CHECK(parsed({"job", "--", "pg_dump", "--full", "--", "-"}).rest == Words{"pg_dump", "--full", "--", "-"});
    CHECK_FALSE(parsed({"job", "--", "--full"}).full);
    CHECK(parsed({"--", "-job", "--full"}, false).name == "-job");
    CHECK(parsed({"--", "-job", "--full"}, false).paths == Words{"--full"});
}

TEST_CASE("words that CLI11 would treat specially are words", "[ui]") {
    CHECK(parsed({"job", "[]", "{}", "a,b", "x=y", "%%"}).paths == Words{"[]", "{}", "a,b", "x=y", "%%"});
    CHECK(parsed({"job", "--exclude", "[a,b]"}).excludes == Words{"[a,b]"});
    CHECK(parsed({"job", "--exclude", "a,b"}).excludes == Words{"a,b"});
    CHECK(parsed({"job", "--exclude", "{}"}).excludes == Words{"{}"});
    CHECK(parsed({"++", "job"}).name == "++");
}

TEST_CASE("mistakes are refused with the flag's name and the reason", "[ui]") {
    CHECK(refusal({}) == "NAME is missing; see 'ftckpt save --help'");
    CHECK(refusal({""}) == "NAME is empty; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--level", "0"}) == "--level: 0 is not between 1 and 19; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--level", "-1"}) == "--level: -1 is not between 1 and 19; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--level", "7x"}) == "--level: '7x' is not a whole number; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--keep", "18446744073709551616"}) ==
          "--keep: '18446744073709551616' is not a whole number; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--lock-wait", "soon"}) ==
          "--lock-wait: 'soon' is not a duration such as 90s, 15m, 2h or 7d; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--store", ""}) == "--store: the value is empty; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--full=no"}) == "--full: takes no value; see 'ftckpt save --help'");
    CHECK(refusal({"job", "--fulll"}) == "unknown flag '--fulll'; did you mean '--full'?");
    CHECK(refusal({"job", "--sto", "x"}) != "");
    CHECK(refusal({"job", "--level"}).starts_with("--level"));
}

}  // namespace ft::ui
