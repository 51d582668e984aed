#include "libcore/ui/answer.h"

#include "libcore/base/failure.h"
#include "libcore/ui/report.h"
#include "tests/catch.h"

namespace ft::ui {

TEST_CASE("an answer is one JSON object with its fields in the order in which they were said", "[ui]") {
    Answer part;
    part.number("n", 7);
    Answer answer;
    answer.text("name", "a\"b\n").number("bytes", UINT64_MAX).real("s", 0.5).flag("ok", true);
    answer.time("at", {.s = 0, .ns = 5}).real("none", std::optional<double>());
    answer.texts("all", std::vector<std::string>{"x", "y"})
        .object("part", part)
        .objects("parts", std::vector{part, part});
    CHECK(
        answer.json("ftckpt", "item") ==
        R"({"v":1,"tool":"ftckpt","type":"item","name":"a\"b\n","bytes":18446744073709551615,"s":0.5,"ok":true,)"
        R"("at":"1970-01-01T00:00:00.000000005Z","none":null,"all":["x","y"],"part":{"n":7},"parts":[{"n":7},{"n":7}]})");
    CHECK(Answer().json("ftckpt", "summary") == R"({"v":1,"tool":"ftckpt","type":"summary"})");
}

TEST_CASE("a name that is not UTF-8 is kept exactly beside its readable form", "[ui]") {
    CHECK(Answer().text("path", "a\xff").json("t", "item") ==
          "{\"v\":1,\"tool\":\"t\",\"type\":\"item\",\"path\":\"a\xEF\xBF\xBD\",\"path_base64\":\"Yf8=\"}");
}

TEST_CASE("columns align by what is seen, not by bytes", "[ui]") {
    Columns columns({Columns::Align::left, Columns::Align::right, Columns::Align::left});
    columns.row({"\xC3\xA9t\xC3\xA9", "5", ""});
    columns.row({"longer", "123", "end"});
    CHECK(columns.lines() == std::vector<std::string>{"\xC3\xA9t\xC3\xA9       5", "longer  123  end"});
}

TEST_CASE("no byte of a failure drives the terminal", "[ui]") {
    const Failure failure({.what = "cannot read", .where = "a\x1b[2J\n", .why = "", .todo = ""});
    CHECK(failure_line("ftckpt", failure) == "ftckpt: cannot read: a\\x1B[2J\\n\n");
}

}  // namespace ft::ui
