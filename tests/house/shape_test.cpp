// Goal: folders are complete (every source is built, every format has its page), and long things are seen.
// Method: compare each folder's files with its CMakeLists.txt; print the longest files and functions, without judging.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <regex>

#include "tests/catch.h"
#include "tests/house/checkout.h"

namespace ft::house {

namespace {

void print_longest(const char* what, std::vector<Function> things) {
    std::sort(things.begin(), things.end(), [](const auto& a, const auto& b) { return a.lines > b.lines; });
    things.resize(std::min<std::size_t>(things.size(), 10));
    std::printf("longest %s:\n", what);
    for (const Function& thing : things) std::printf("%6zu  %s\n", thing.lines, thing.place.c_str());
}

std::string build_list_beside(const SourceFile& file) {
    return text_of_file((std::filesystem::path(file.path).parent_path() / "CMakeLists.txt").string());
}

}  // namespace

TEST_CASE("each source file is listed in a CMakeLists.txt, and each header of libcore in its folder's") {
    std::string of_tools;
    for (const SourceFile& file : sources_below({"tools"})) of_tools += build_list_beside(file);
    std::vector<std::string> forgotten;
    for (const SourceFile& file : sources_below({"libcore", "tools", "tests"})) {
        const std::string layer = layer_of(file.path);
        const bool outside = layer == "tools" || layer == "tests";
        if (outside && file.path.ends_with(".h")) continue;
        const std::string name = std::filesystem::path(file.path).filename();
        const std::string list = layer == "tools" ? of_tools : build_list_beside(file);
        if (!std::regex_search(list, std::regex("(^|[\\s(/])" + name + "($|[\\s)])"))) forgotten.push_back(file.path);
    }
    CHECK(forgotten == std::vector<std::string>{});
}

TEST_CASE("each folder that defines bytes on disk has a FORMAT.md that says when a reader calls them damaged") {
    for (const std::string folder : {"libcore/store", "libcore/source", "libcore/shm", "libcore/wal"}) {
        INFO(folder);
        CHECK(text_of_file(folder + "/FORMAT.md").find("damage") != std::string::npos);
    }
}

TEST_CASE("each header opens with what it is for") {
    std::vector<std::string> bare;
    for (const SourceFile& file : sources_below({"libcore", "tools"})) {
        if (!file.path.ends_with(".h")) continue;
        const bool opened = file.text.starts_with("// ") && file.text.find("\n#pragma once\n") != std::string::npos;
        if (!opened) bare.push_back(file.path);
    }
    CHECK(bare == std::vector<std::string>{});
}

TEST_CASE("a function's length is counted by its braces") {
    const std::string text =
        "namespace n {\nint f(int a) {\n  if (a) {\n  }\n  return 1;\n}\nstruct S {\n  int g() {\n  }\n};\n}\n";
    const std::vector<Function> found = functions_of({"x.cpp", text, text});
    REQUIRE(found.size() == 2);
    CHECK(found[0].place == "x.cpp:2");
    CHECK(found[0].lines == 5);
    CHECK(found[1].lines == 2);
}

TEST_CASE("the longest files and functions are printed") {
    std::vector<Function> files;
    std::vector<Function> functions;
    for (const SourceFile& file : sources_below({"libcore", "tools"})) {
        files.push_back({file.path, static_cast<std::size_t>(std::count(file.text.begin(), file.text.end(), '\n'))});
        for (const Function& function : functions_of(file)) functions.push_back(function);
    }
    print_longest("files", files);
    print_longest("functions", functions);
    CHECK(files.size() > 10);
    CHECK(functions.size() > 10);
}

}  // namespace ft::house
