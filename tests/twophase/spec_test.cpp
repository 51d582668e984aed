// Goal: a word of the user becomes a participant of the right kind, or is refused with what was meant.
#include "libcore/twophase/spec.h"

#include "libcore/base/failure.h"
#include "libcore/sim/clock.h"
#include "libcore/sim/disk.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

using Catch::Matchers::Contains;

std::string refusal_of(const std::string& word, Exit exit = Exit::usage) {
    try {
        (void)parse_spec(word, "/folder");
    } catch (const Failure& failure) {
        CHECK(failure.exit() == exit);
        return failure.what();
    }
    return "";
}

using Fields = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("each kind has a name, and says how it is used", "[twophase]") {
    for (const Kind& kind : kinds()) {
        CHECK(kind.usage.starts_with(std::string(kind.name) + ":"));
        CHECK_THAT(refusal_of("bogus:x"), Contains(std::string(kind.usage)));
    }
    CHECK(kinds().size() >= 3);
}

TEST_CASE("a file is named by what it is and what it becomes", "[twophase]") {
    CHECK(parse_spec("file:a=b", "/folder").fields == Fields{{"dest", "/folder/a"}, {"new", "/folder/b"}});
    CHECK(parse_spec("file:/a=/b", "/folder").fields == Fields{{"dest", "/a"}, {"new", "/b"}});
    CHECK(parse_spec("file:a=", "/folder").fields == Fields{{"dest", "/folder/a"}});
    CHECK(parse_spec("file:a=b=c", "/folder").fields == Fields{{"dest", "/folder/a"}, {"new", "/folder/b=c"}});
    CHECK(parse_spec("file:a\\=b=c", "/folder").fields == Fields{{"dest", "/folder/a=b"}, {"new", "/folder/c"}});
    CHECK(parse_spec("file:x/../a=b", "/folder").fields.at("dest") == "/folder/a");
}

TEST_CASE("a switch keeps the words that the link will have", "[twophase]") {
    const Spec spec = parse_spec("switch:now=releases/7", "/folder");
    CHECK(spec.kind == "switch");
    CHECK(spec.fields ==
          Fields{{"link", "/folder/now"}, {"target", "releases/7"}, {"generation", "/folder/releases/7"}});
}

TEST_CASE("a program keeps its words and its folder", "[twophase]") {
    CHECK(parse_spec("exec:./b 'x y'", "/folder").fields == Fields{{"command", "./b 'x y'"}, {"folder", "/folder"}});
}

TEST_CASE("what is no participant is refused, with what was meant", "[twophase]") {
    CHECK_THAT(refusal_of("fiel:a=b"), Contains("did you mean 'file:'?"));
    CHECK_THAT(refusal_of("swich:a=b"), Contains("did you mean 'switch:'?"));
    CHECK_THAT(refusal_of("FILE:a=b"), Contains("give file:DEST=NEW"));
    for (const char* word : {"", ":", "file", "a=b", "=", "file=a:b", ":a=b"}) CHECK_FALSE(refusal_of(word).empty());
    CHECK_THAT(refusal_of("file:"), Contains("nothing before '='") || Contains("no '='"));
    CHECK_THAT(refusal_of("file:a"), Contains("no '='"));
    CHECK_THAT(refusal_of("file:=b"), Contains("nothing before '='"));
    CHECK_THAT(refusal_of("file:a\\=b"), Contains("no '='"));
    CHECK_THAT(refusal_of("switch:a="), Contains("no directory"));
    CHECK_THAT(refusal_of("exec: "), Contains("no command"));
    CHECK_THAT(refusal_of(std::string("file:a\0=b", 9)), Contains("zero byte"));
    CHECK_THAT(refusal_of("file:" + std::string(70000, 'a') + "=b"), Contains("65536"));
}

TEST_CASE("what a journal kept and this program does not understand is refused, by name", "[twophase]") {
    sim::SimDisk disk;
    const std::unique_ptr<io::Dir> locks = disk.root();
    const Surroundings surroundings{.locate = {}, .clock = disk.clock(), .locks = *locks};
    const auto made = [&](const Spec& spec) {
        try {
            (void)make_participant(spec, {}, surroundings);
        } catch (const Failure& failure) {
            return std::string(failure.what());
        }
        return std::string();
    };
    CHECK(made(parse_spec("file:a=b", "/folder")).empty());
    CHECK_THAT(made({.kind = "later", .label = "later:x", .fields = {}}), Contains("later:x") && Contains("'later:'"));
    CHECK_THAT(made({.kind = "file", .label = "file:x", .fields = {}}), Contains("file:x") && Contains("missing"));
    CHECK_THAT(made({.kind = "file", .label = "file:x", .fields = {{"dest", "a"}}}), Contains("absolute"));
    CHECK_THAT(made({.kind = "exec", .label = "exec:x", .fields = {{"command", "x"}}}), Contains("missing"));
}

TEST_CASE("a transaction's participants are branches of it, in order", "[twophase]") {
    sim::SimDisk disk;
    const std::unique_ptr<io::Dir> locks = disk.root();
    const Surroundings surroundings{.locate = {}, .clock = disk.clock(), .locks = *locks};
    const Story story{.number = 7, .parts = {parse_spec("file:a=b", "/"), parse_spec("exec:x", "/")}};
    CHECK(make_participants(story, {}, surroundings).size() == 2);
}

}  // namespace ft::twophase
