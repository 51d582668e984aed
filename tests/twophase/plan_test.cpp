// Goal: a plan says what takes part, and whatever is wrong in it is named with its line and column.
#include "libcore/twophase/plan.h"

#include "libcore/base/failure.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

using Catch::Matchers::Contains;

const ReadText no_files = [](const std::string& path) -> std::string {
    throw Failure({.what = "cannot open", .where = path});
};

std::string refusal_of(std::string_view text) {
    try {
        (void)parse_plan(text, "plan.toml", "/folder", no_files);
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::usage);
        return failure.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a plan names participants and a deadline, paths are relative to its folder", "[twophase]") {
    const Plan plan = parse_plan(
        "# both\ndeadline = \"15m\"\nparticipants = [ \"file:a=b\", 'file:/c=', \"switch:now=releases/7\" ]\n",
        "plan.toml", "/folder", no_files);
    CHECK(plan.deadline == std::chrono::minutes(15));
    REQUIRE(plan.parts.size() == 3);
    CHECK(plan.parts[0].kind == "file");
    CHECK(plan.parts[0].label == "file:a=b");
    CHECK(plan.parts[0].fields.at("dest") == "/folder/a");
    CHECK(plan.parts[0].fields.at("new") == "/folder/b");
    CHECK(plan.parts[1].fields.at("dest") == "/c");
    CHECK_FALSE(plan.parts[1].fields.contains("new"));
    CHECK(plan.parts[2].fields.at("link") == "/folder/now");
}

TEST_CASE("a plan without a deadline has none", "[twophase]") {
    CHECK_FALSE(parse_plan("participants = ['file:a=b']", "plan.toml", "/", no_files).deadline);
}

TEST_CASE("SQL is read from the files that a plan names", "[twophase]") {
    const auto read = [](const std::string& path) { return "text of " + path; };
    const Plan plan = parse_plan("participants = [ { is = 'pg:dbname=a', sql = 'a.sql' }, { is = 'file:a=b' } ]",
                                 "plan.toml", "/", read);
    REQUIRE(plan.parts.size() == 2);
    CHECK(plan.parts[0].fields.at("sql") == "text of a.sql");
    CHECK_FALSE(plan.parts[1].fields.contains("sql"));
    CHECK_THAT(refusal_of("participants = [ { is = 'pg:dbname=a', sql = 'a.sql' } ]"), Contains("cannot open: a.sql"));
    CHECK_THAT(refusal_of("participants = [ 'pg:dbname=a' ]"), Contains("1:18") && Contains("no SQL is given"));
    CHECK_THAT(refusal_of("participants = [ { sql = 'a.sql' } ]"), Contains("plan.toml:1:"));
    CHECK_THAT(refusal_of("participants = [ { is = 'file:a=b', from = 'c' } ]"),
               Contains("1:37") && Contains("unknown key 'from'"));
    CHECK_THAT(refusal_of("participants = [ { is = 3 } ]"), Contains("1:25") && Contains("not a participant"));
}

TEST_CASE("each mistake in a plan is named with its place", "[twophase]") {
    const auto at = [](std::string_view place) { return Contains(std::string("plan.toml:") + std::string(place)); };
    CHECK_THAT(refusal_of("participants = ["), at("1:"));
    CHECK_THAT(refusal_of("x"), at("1:"));
    CHECK_THAT(refusal_of("participants = ['file:a=b']\nparticipant = 3"), at("2:1") && Contains("'participants'?"));
    CHECK_THAT(refusal_of("participants = 'file:a=b'"), at("1:16") && Contains("a list"));
    CHECK_THAT(refusal_of("[participants]\na = 1"), at("1:1") && Contains("a list"));
    CHECK_THAT(refusal_of("participants = ['file:a=b', 3]"), at("1:29") && Contains("not a participant"));
    CHECK_THAT(refusal_of("participants = ['file:a=b',\n ['file:c=d']]"), at("2:2") && Contains("not a participant"));
    CHECK_THAT(refusal_of("participants = ['fiel:a=b']"), at("1:17") && Contains("did you mean 'file:'?"));
    CHECK_THAT(refusal_of("participants = ['file:ab']"), at("1:17") && Contains("no '='"));
    CHECK_THAT(refusal_of("participants = ['']"), at("1:17"));
    CHECK_THAT(refusal_of("deadline = 90\nparticipants = ['file:a=b']"), at("1:12") && Contains("\"90s\""));
    CHECK_THAT(refusal_of("deadline = \"-1s\"\nparticipants = ['file:a=b']"), at("1:12"));
    CHECK_THAT(refusal_of("deadline = \"1s\"\ndeadline = \"2s\""), at("2:"));
    CHECK_THAT(refusal_of("participants = [\"file:a\\u0000b=c\"]"), at("1:17") && Contains("zero byte"));
    CHECK_THAT(refusal_of("participants = ['file:" + std::string(70000, 'a') + "=b']"),
               at("1:17") && Contains("65536 bytes"));
}

TEST_CASE("a plan of nothing is none", "[twophase]") {
    for (const char* text : {"", "\n", "# nothing", "participants = []", "deadline = \"1s\""})
        CHECK_THAT(refusal_of(text), Contains("no participants"));
}

TEST_CASE("a plan of too much is refused, in a message that a terminal can show", "[twophase]") {
    std::string text = "participants = [";
    for (int i = 0; i < 4097; ++i) text += "'file:a=b',";
    CHECK_THAT(refusal_of(text + "]"), Contains("more than 4096 participants"));
    CHECK_FALSE(refusal_of("participants = " + std::string(100000, '[')).empty());
    CHECK_THAT(refusal_of("\xff\xfe = 1"), Contains("plan.toml:1:1"));
    CHECK(refusal_of(std::string("participants = ['file:a=b']\0", 28)).size() < 1000);
    CHECK(refusal_of("participants = ['fiel:" + std::string(60000, 'a') + "']").size() < 1000);
}

}  // namespace ft::twophase
