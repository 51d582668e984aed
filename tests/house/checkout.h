// The project's own sources as the house tests read them: whole, and with comments and literals blanked out.
//
// Blanked text has the same lines and columns as the original, so that a place in one is the same place in the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ft::house {

struct SourceFile {
    std::string path;  ///< from the project's root: "libcore/io/dir.h"
    std::string text;  ///< as it is
    std::string code;  ///< text with comments and the insides of literals replaced by spaces
};

/// All .h and .cpp files below the given top-level folders, by path.
[[nodiscard]] std::vector<SourceFile> sources_below(const std::vector<std::string>& folders);

/// The whole of a file, by its path from the project's root; empty where there is none.
[[nodiscard]] std::string text_of_file(const std::string& path);

/// "path:line" of a place in a file, for messages that an editor can follow.
[[nodiscard]] std::string place(const SourceFile& file, std::size_t offset);

/// `libcore/io/dir.h` is in "io", `libcore/CMakeLists.txt` in "", everything of tools and tests in "tools" and "tests".
[[nodiscard]] std::string layer_of(std::string_view path);

struct Function {
    std::string place;
    std::size_t lines = 0;  ///< from its opening brace's line to its closing brace's line
};

/// Every function body of a file, found by its braces; lambdas count as a part of what they stand in.
[[nodiscard]] std::vector<Function> functions_of(const SourceFile& file);

}  // namespace ft::house
