#include "libcore/ckpt/own_store.h"

#include <filesystem>
#include <memory>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"

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

/// Where `path` lies, or will once it is made, below `tree`, "." for the tree itself; std::nullopt where it lies
/// elsewhere, or the tree is missing.
std::optional<std::string> path_below(const std::string& tree, const std::string& path) {
    std::error_code missing;
    const auto absolute = std::filesystem::absolute(path, missing);
    const auto real_path = missing ? absolute : std::filesystem::weakly_canonical(absolute, missing);
    const auto real_tree = missing ? std::filesystem::path() : std::filesystem::canonical(tree, missing);
    if (missing) return std::nullopt;
    const std::string below = real_path.lexically_relative(real_tree).string();
    const bool elsewhere = below.empty() || below == ".." || below.starts_with("../");
    return elsewhere ? std::nullopt : std::optional(below);
}

}  // namespace

std::optional<std::string> glob_of_store_in(const std::string& tree, const std::string& store) {
    const std::optional<std::string> below = path_below(tree, store);
    if (below == ".")
        throw Failure({.what = "cannot save the store into itself",
                       .where = store,
                       .todo = "name another store with --store",
                       .exit = Exit::usage});
    return below ? std::optional("/" + glob_escaped(*below)) : std::nullopt;
}

std::optional<source::ObjectId> find_store_in(const std::string& tree, const std::string& store) {
    const std::optional<std::string> below = path_below(tree, store);
    if (below == ".")
        throw Failure({.what = "cannot restore over the store",
                       .where = store,
                       .todo = "nothing changed; name another DEST",
                       .exit = Exit::usage});
    const std::unique_ptr<io::Dir> dir = below ? io::find_root(store) : nullptr;
    const std::optional<io::Stat> stat = dir ? dir->stat(".") : std::nullopt;
    return stat ? std::optional(source::ObjectId{stat->dev, stat->ino}) : std::nullopt;
}

}  // namespace ft::ckpt
