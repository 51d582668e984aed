// Goal: what style.md forbids does not come in unseen.
// Method: search the sources for words; in comments and texts too where a promise left open would stand there.
#include <regex>
#include <vector>

#include "tests/catch.h"
#include "tests/house/checkout.h"

namespace ft::house {

namespace {

struct Ban {
    std::string pattern;  ///< a regular expression
    std::string why;
    std::vector<std::string> spared;  ///< beginnings of paths where it may stand
};

// Looked for in code only.
const std::vector<Ban> banned_in_code = {
    {"\\bstd::(cout|cerr|clog)\\b|\\b(fmt::print|f?printf|f?puts|putchar)\\s*\\(",
     "nothing but ui prints",
     {"libcore/ui/", "libcore/base/failure.cpp"}},  // failure.cpp: a broken invariant, just before abort()
    {"#\\s*include\\s*<iostream>", "no iostream in the product", {}},
    {"\\bnew\\s+[A-Za-z_:(]", "make_unique or a container", {}},
    {"\\bdelete\\b(?!\\s*;)|[^=\\s]\\s*\\bdelete\\b", "owners free what they own", {}},
    {"\\b(malloc|calloc|realloc|free)\\s*\\(", "owners free what they own", {}},
    {"\\busing\\s+namespace\\s+std\\b", "names are written out", {}},
    {"\\bsleep_(for|until)\\b|[^\\w]::sleep\\(|\\b(u|nano)sleep\\(",
     "time comes from a Clock",
     {"libcore/base/clock."}},
    {"\\b(system_clock|steady_clock)::now\\b|\\bclock_gettime\\b",
     "time comes from a Clock",
     {"libcore/base/clock.cpp", "libcore/counter/link.cpp"}},
    {"\\bstd::(thread|jthread|async)\\b", "threads only through base/parallel.h", {"libcore/base/parallel."}},
    {"#\\s*if(def)?\\s.*\\bTEST", "no test code in the product", {}},
    {"\\bassert\\s*\\(", "check(), which is on in release", {}},
};

// Looked for in comments and texts as well.
const std::vector<Ban> banned_anywhere = {
    {"\\b(TO"
     "DO|FIX"
     "ME|X"
     "XX)\\b",
     "finish it or leave it out",
     {}},
    {"not (yet )?imple"
     "mented",
     "finish it or leave it out",
     {}},
};

std::vector<std::string> places_of(const Ban& ban, const SourceFile& file, const std::string& text) {
    for (const std::string& beginning : ban.spared)
        if (file.path.starts_with(beginning)) return {};
    const std::regex pattern(ban.pattern);
    std::vector<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
        found.push_back(place(file, static_cast<std::size_t>(match->position())) + ": " + ban.why);
    return found;
}

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

TEST_CASE("no banned word stands in the product's code") {
    std::vector<std::string> found;
    for (const SourceFile& file : sources_below({"libcore", "tools"}))
        for (const Ban& ban : banned_in_code) append(found, places_of(ban, file, file.code));
    CHECK(found == std::vector<std::string>{});
}

TEST_CASE("no promise is left open in code or tests") {
    std::vector<std::string> found;
    for (const SourceFile& file : sources_below({"libcore", "tools", "tests"}))
        for (const Ban& ban : banned_anywhere) append(found, places_of(ban, file, file.text));
    CHECK(found == std::vector<std::string>{});
}

TEST_CASE("no test is hidden, skipped or allowed to fail") {
    const Ban ban{
        "TEST_CASE\\([^{]*\\[(\\.|!mayfail|!should"
        "fail|!hide)|\\bSKIP\\(",
        "it would not count",
        {"tests/house/"}};
    std::vector<std::string> found;
    for (const SourceFile& file : sources_below({"tests"})) append(found, places_of(ban, file, file.text));
    CHECK(found == std::vector<std::string>{});
}

TEST_CASE("the search for banned words finds them") {
    const SourceFile bad{"libcore/x.cpp", "a = new int;\ndelete a;\nX(const X&) = delete;\n", ""};
    CHECK(places_of(banned_in_code[2], bad, bad.text) ==
          std::vector<std::string>{"libcore/x.cpp:1: make_unique or a container"});
    CHECK(places_of(banned_in_code[3], bad, bad.text).size() == 1);
}

}  // namespace ft::house
