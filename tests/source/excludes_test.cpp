// Goal: a glob leaves out what its form says, and nothing else.
#include "libcore/source/excludes.h"

#include "tests/catch.h"

namespace ft::source {

TEST_CASE("a glob without a slash meets any component's name") {
    const Excludes excludes({"*.o", "core"});
    CHECK(excludes.match("", "a.o", false));
    CHECK(excludes.match("deep/down", "a.o", true));
    CHECK(excludes.match("deep", "core", false));
    CHECK_FALSE(excludes.match("core", "score", false));
    CHECK_FALSE(excludes.match("", "a.oo", false));
}

TEST_CASE("a glob with a slash meets the path below the root") {
    const Excludes excludes({"build/tmp", "a/*/c", "**/cache/x"});
    CHECK(excludes.match("build", "tmp", false));
    CHECK_FALSE(excludes.match("src/build", "tmp", false));
    CHECK_FALSE(excludes.match("", "tmp", false));
    CHECK(excludes.match("a/b", "c", false));
    CHECK_FALSE(excludes.match("a/b/b", "c", false));
    CHECK(excludes.match("some/where/cache", "x", false));
}

TEST_CASE("a slash in front ties a glob to the root") {
    const Excludes excludes({"/cache"});
    CHECK(excludes.match("", "cache", true));
    CHECK_FALSE(excludes.match("a", "cache", true));
}

TEST_CASE("a slash at the end asks for a directory") {
    const Excludes excludes({"node_modules/", "/out/"});
    CHECK(excludes.ask_kind());
    CHECK(excludes.match("any/where", "node_modules", true));
    CHECK_FALSE(excludes.match("any/where", "node_modules", false));
    CHECK(excludes.match("", "out", true));
    CHECK_FALSE(excludes.match("a", "out", true));
}

TEST_CASE("no glob, and globs of nothing, leave nothing out") {
    CHECK(Excludes({}).empty());
    CHECK(Excludes({"", "/", "//"}).empty());
    CHECK_FALSE(Excludes({""}).match("", "a", true));
}

}  // namespace ft::source
