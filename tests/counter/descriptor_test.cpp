// Names and places in words: what is written is read again, and what cannot be is damage with its line.
#include "libcore/counter/descriptor.h"
#include "libcore/counter/locator.h"
#include "libcore/sim/disk.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"

namespace ft::counter {

TEST_CASE("a name that is written is read again", "[counter]") {
    const Descriptor replicas{{{uuid(1), "d1/a b"}, {uuid(2), "pipe:ssh host ftcounter agent '/x y'"}}};
    CHECK(parse_descriptor(text_of(replicas), "c") == replicas);
    const Descriptor plain{{}, SharedName{.segment = "/hits"}};
    CHECK(parse_descriptor(text_of(plain), "c") == plain);
    const Descriptor flushed{{}, SharedName{.exact = true, .segment = "/h", .flush_ms = 100, .file = "/srv/h i"}};
    CHECK(parse_descriptor(text_of(flushed), "c") == flushed);
    CHECK(parse_descriptor("ftcounter 1\n# words\n\nreplica " + uuid(1).hex() + " a", "c").replicas.size() == 1);
}

TEST_CASE("a name that cannot be is damage, with its line", "[counter]") {
    const auto why = [](const std::string& text) { return damage_of([&] { return parse_descriptor(text, "c"); }); };
    const std::string first = "ftcounter 1\n", replica = "replica " + uuid(1).hex() + " a\n";
    CHECK(why("") == "it is no counter");
    CHECK(why("ftcounter 2\n" + replica) == "a counter of a newer version: use a newer ftcounter");
    CHECK(why(first) == "it names no replica");
    for (const std::string& line :
         {std::string("replica"), std::string("replica x a"), "replica " + uuid(1).hex(),
          "replica " + uuid(1).hex() + " ", "replica " + uuid(1).hex() + " " + std::string(longest_locator + 1, 'a'),
          std::string("flush 100 /a"), std::string("shared odd /a"), std::string("shared plain a"),
          std::string("words")})
        CHECK(why(first + line + "\n") == "line 2 is not one that belongs there");
    CHECK(why(first + replica + "shared plain /a\n") == "line 3 is not one that belongs there");
    CHECK(why(first + "shared plain /a\n" + replica) == "line 3 is not one that belongs there");
    CHECK(why(first + "shared plain /a\nflush 0 /b\n") == "line 3 is not one that belongs there");
    CHECK(why(first + "shared plain /a\nflush 1 /b\nflush 1 /b\n") == "line 4 is not one that belongs there");
    std::string many = first;
    for (std::size_t i = 0; i <= most_members; ++i) many += replica;
    CHECK(why(many) == "it has too many replicas");
}

TEST_CASE("a name is replaced whole, and looked up as what it is", "[counter]") {
    sim::SimDisk disk;
    const std::unique_ptr<io::Dir> root = disk.root();
    CHECK_FALSE(look_up(*root, "c"));
    const Descriptor first{{{uuid(1), "a"}}}, second{{{uuid(2), "b"}}};
    put_descriptor(*root, "c", first);
    put_descriptor(*root, "c", second);
    const std::optional<Named> named = look_up(*root, "c");
    REQUIRE(named);
    CHECK(named->kind == Named::Kind::descriptor);
    CHECK(named->descriptor == second);
}

TEST_CASE("paths below the folder are kept relative to it, others in full", "[counter]") {
    CHECK(kept_locator("a", "/home/x", "/home/x") == "a");
    CHECK(kept_locator("d/../a", "/home/x", "/home/x") == "a");
    CHECK(kept_locator("a", "/home/x", "/home/x/d") == "d/a");
    CHECK(kept_locator("../a", "/home/x", "/home/x") == "/home/a");
    CHECK(kept_locator("/home/xy/a", "/home/x", "/") == "/home/xy/a");
    CHECK(kept_locator("/srv/a", "/", "/home") == "srv/a");
    CHECK(kept_locator("./pipe:a", "/home/x", "/home/x") == "./pipe:a");
    CHECK(kept_locator("shm:/a", "/home/x", "/home/x") == "shm:/a");
    CHECK(kept_locator("pipe:ssh h", "/home/x", "/home/x") == "pipe:ssh h");
    CHECK(path_of(parse_locator("shm:/a"), "/home/x") == "/dev/shm/a");
    CHECK(path_of(parse_locator("./pipe:a"), "/home/x") == "/home/x/./pipe:a");
}

TEST_CASE("a path without its detours", "[counter]") {
    CHECK(plain_path("/a/./b//c/../d/") == "/a/b/d");
    CHECK(plain_path("/../a") == "/a");
    CHECK(plain_path("../../a") == "../../a");
    CHECK(plain_path("a/..") == ".");
    CHECK(plain_path("/") == "/");
    CHECK(plain_path("") == ".");
}

}  // namespace ft::counter
