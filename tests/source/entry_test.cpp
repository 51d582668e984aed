// Goal: what is encoded comes back equal, from pieces of any size; what was not encoded by us is refused, and never
// more than that. Method: random lists of entries; every byte of a list flipped, every cut of it.
#include "libcore/source/entry.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/source/entries.h"

namespace ft::source {
namespace {

Entry dir_at(const std::string& path) {
    Entry entry;
    entry.path = path;
    entry.kind = io::Kind::dir;
    entry.mode = 0755;
    return entry;
}

Run chunk_of(std::uint32_t length) {
    Run run;
    run.length = length;
    run.digest.bytes[0] = std::byte{1};
    return run;
}

/// Decodes; true where it is a list, false where it is refused as damage. Everything else fails the test.
bool decodes(View stream) {
    try {
        const std::vector<Entry> entries = decode(stream);
        CHECK((entries.empty() ? stream.empty() : encode(entries) == Bytes(stream.begin(), stream.end())));
        return true;
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::damage);
        CHECK(failure.parts().where == "a list");
        return false;
    }
}

}  // namespace

TEST_CASE("paths are ordered by component and byte, a directory before what it contains") {
    const std::vector<std::string> ascending = {"",     "a",    "a/a",   "a/b",  "a/b/c", "a/b\x01",
                                                "a/b-", "a/bb", "a\x01", "a\n",  "a.b",   "a.b/c",
                                                "a0",   "a0/b", "b",     "\x7f", "\x80",  "\xff"};
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            INFO(ascending[i] << " and " << ascending[j]);
            const int order = compare_paths(ascending[i], ascending[j]);
            CHECK((order < 0) == (i < j));
            CHECK((order == 0) == (i == j));
        }
    }
}

TEST_CASE("only paths that stay below the root are safe") {
    for (const std::string& path :
         {std::string(""), std::string("a"), std::string("a/b"), std::string("..."), std::string(".a/b..")})
        CHECK(is_safe_path(path));
    CHECK(is_safe_path(std::string(255, 'n') + "/" + std::string(255, 'm')));
    CHECK(is_safe_path("\xff\n\\"));
    for (const std::string& path :
         {std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
          std::string(".."), std::string("a/./b"), std::string("a/.."), std::string("../a"), std::string(1, '\0'),
          std::string("a\0b", 3), std::string(256, 'n'), "a/" + std::string(256, 'n')})
        CHECK_FALSE(is_safe_path(path));
    std::string deep;
    while (deep.size() + 2 <= path_limit) deep += "a/";
    CHECK(is_safe_path(deep + "a") == (deep.size() + 1 <= path_limit));
    CHECK_FALSE(is_safe_path(deep + "a/a"));
}

TEST_CASE("random lists come back equal, whatever pieces they are read in") {
    std::mt19937_64 random(2);
    for (int round = 0; round < 60; ++round) {
        const std::vector<Entry> entries = random_entries(random, 1 + random() % 120);
        const Bytes stream = encode(entries);
        for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{1} << 20}) {
            INFO("round " << round << ", pieces of " << piece);
            const bool equal = decode(stream, piece) == entries;
            CHECK(equal);
        }
    }
}

TEST_CASE("a stream of no bytes holds no entries") { CHECK(decode({}).empty()); }

TEST_CASE("the largest record and a content of many records come back equal") {
    std::vector<Entry> entries = {dir_at("")};
    for (std::size_t i = 0; i < 120; ++i)
        entries[0].xattrs.push_back({"user." + std::to_string(1000 + i), std::string(64U << 10, static_cast<char>(i))});
    Entry file;
    file.path = std::string(255, 'f');
    file.size = 3 * runs_per_record * std::uint64_t{chunk_limit};
    file.more = true;
    file.runs.assign(runs_per_record, chunk_of(chunk_limit));
    entries.push_back(file);
    Entry further;
    further.path = file.path;
    further.continues = true;
    further.more = true;
    further.runs = file.runs;
    entries.push_back(further);
    further.more = false;
    entries.push_back(further);
    const bool equal = decode(encode(entries)) == entries;
    CHECK(equal);
}

TEST_CASE("a path as deep as the limit allows comes back equal") {
    std::vector<Entry> entries = {dir_at("")};
    for (std::string path = "d"; path.size() < 4000; path += "/d") entries.push_back(dir_at(path));
    const bool equal = decode(encode(entries)) == entries;
    CHECK(equal);
    CHECK(encode(entries).size() < 2000 * 20);
}

TEST_CASE("every cut of a stream is refused, but for one between two records, which only reads as a shorter list") {
    std::mt19937_64 random(3);
    const Bytes stream = encode(random_entries(random, 60));
    std::size_t refused = 0;
    for (std::size_t end = 0; end < stream.size(); ++end) refused += decodes(View(stream).first(end)) ? 0 : 1;
    CHECK(refused > stream.size() - 61);
    CHECK(refused < stream.size());
}

TEST_CASE("every stream with one byte changed is refused or is another list's only encoding") {
    std::mt19937_64 random(4);
    Bytes stream = encode(random_entries(random, 12));
    std::size_t refused = 0;
    for (std::size_t at = 0; at < stream.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            stream[at] ^= static_cast<std::byte>(1U << bit);
            refused += decodes(stream) ? 0 : 1;
            stream[at] ^= static_cast<std::byte>(1U << bit);
        }
    }
    CHECK(refused > 0);
}

TEST_CASE("streams of random bytes behind a right beginning are refused, none takes the program down") {
    std::mt19937_64 random(5);
    const Bytes beginning = encode({dir_at("")});
    for (int round = 0; round < 20000; ++round) {
        Bytes stream = beginning;
        const std::size_t length = 1 + random() % 60;
        stream.push_back(static_cast<std::byte>(length));
        for (std::size_t i = 0; i < length; ++i) stream.push_back(static_cast<std::byte>(random() >> (random() % 64)));
        decodes(stream);
    }
}

TEST_CASE("the rules refuse what a writer must not write") {
    EntryRules rules;
    Entry root = dir_at("");
    root.size = 1;
    CHECK(rules.refuse(root) == std::string("a size on what is no file"));
    root.size = 0;
    root.rdev = 1;
    CHECK(rules.refuse(root) == std::string("a device number on what is no device"));
    root.rdev = 0;
    root.symlink = "x";
    CHECK(rules.refuse(root) == std::string("a target on what is no symbolic link"));
    root.symlink.clear();
    root.kind = io::Kind::socket;
    CHECK(rules.refuse(root) == std::string("unknown kind of object"));
    root.kind = io::Kind::dir;
    root.xattrs.assign(129, {"", std::string(64U << 10, 'v')});
    for (std::size_t i = 0; i < root.xattrs.size(); ++i) root.xattrs[i].name = "user." + std::to_string(1000 + i);
    CHECK(rules.refuse(root) == std::string("too many bytes of extended attributes"));
    root.xattrs.clear();
    CHECK(rules.refuse(root) == nullptr);
    Entry file;
    file.path = "f";
    file.size = runs_per_record + 1;
    file.runs.assign(runs_per_record + 1, chunk_of(1));
    CHECK(rules.refuse(file) == std::string("too many runs in one record"));
}

}  // namespace ft::source
