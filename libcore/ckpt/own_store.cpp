#include "libcore/ckpt/own_store.h"

#include <filesystem>

#include "libcore/base/failure.h"

namespace ft::ckpt {

namespace {

/// So that a glob means just this name.
std::string glob_escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '*' || c == '?' || c == '[' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

}  // namespace

std::optional<std::string> glob_of_store_in(const std::string& tree, const std::string& store) {
    std::error_code missing;  // a store that is not made yet, or a tree that is not there: nothing to leave out
    const auto real_store = std::filesystem::canonical(store, missing);
    const auto real_tree = missing ? std::filesystem::path() : std::filesystem::canonical(tree, missing);
    if (missing) return std::nullopt;
    const std::string below = real_store.lexically_relative(real_tree).string();
    if (below.empty() || below.starts_with("..")) return std::nullopt;
    if (below == ".")
        throw Failure({.what = "cannot save the store into itself",
                       .where = store,
                       .todo = "name another store with --store",
                       .exit = Exit::usage});
    return "/" + glob_escaped(below);
}

}  // namespace ft::ckpt
