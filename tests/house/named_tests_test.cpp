// Goal: what tests/README.md says of a sync stays true: each test that its table names is there.
#include <algorithm>
#include <regex>

#include "tests/catch.h"
#include "tests/house/checkout.h"

namespace ft::house {

namespace {

/// What stands in quotes in the rows of the tables.
std::vector<std::string> names_in_tables(const std::string& text) {
    static const std::regex row("(^|\\n)\\|[^\\n]*"), quoted("\"([^\"]+)\"");
    std::vector<std::string> names;
    for (std::sregex_iterator line(text.begin(), text.end(), row), end; line != end; ++line) {
        const std::string cells = line->str();
        for (std::sregex_iterator name(cells.begin(), cells.end(), quoted); name != end; ++name)
            names.push_back((*name)[1]);
    }
    return names;
}

}  // namespace

TEST_CASE("each test that the table of syncs names is there", "[house]") {
    const std::vector<std::string> names = names_in_tables(text_of_file("tests/README.md"));
    const std::vector<SourceFile> files = sources_below({"tests"});
    CHECK(names.size() > 10);
    for (const std::string& name : names) {
        INFO(name);
        CHECK(std::any_of(files.begin(), files.end(), [&](const SourceFile& file) {
            return file.text.find("TEST_CASE(\"" + name + "\"") != std::string::npos;
        }));
    }
}

}  // namespace ft::house
