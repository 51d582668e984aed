// A glob and a path, a newline between them: no glob takes long, and a name with all its signs escaped matches itself.
#include "libcore/base/text.h"
#include "libcore/source/excludes.h"
#include "tests/fuzz/target.h"

namespace {

std::string escaped(std::string_view name) {
    std::string glob;
    for (const char c : name) {
        if (c == '*' || c == '?' || c == '[' || c == '\\') glob += '\\';
        glob += c;
    }
    return glob;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = ft::text_of(ft::fuzz::view_of_input(data, size));
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) return 0;
    const std::string_view glob = text.substr(0, newline), path = text.substr(newline + 1);
    static_cast<void>(ft::glob_match(glob, path));
    ft::check(ft::glob_match(escaped(path), path), "an escaped name matches itself");
    ft::check(ft::glob_match("**", path), "'**' matches everything");
    const ft::source::Excludes excludes({std::string(glob)});
    const std::size_t slash = path.rfind('/');
    const std::string_view above = slash == std::string_view::npos ? "" : path.substr(0, slash);
    static_cast<void>(excludes.match(above, path.substr(slash + 1), true));
    return 0;
}
