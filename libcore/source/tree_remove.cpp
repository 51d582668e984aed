#include "libcore/source/tree_remove.h"

#include <memory>
#include <optional>
#include <vector>

namespace ft::source {
namespace {

struct Level {
    std::unique_ptr<io::Dir> dir;
    std::string name;  // in the level above
    std::vector<std::string> subdirs;
};

Level enter(io::Dir& parent, const std::string& name, std::uint64_t& removed) {
    const std::optional<io::Stat> stat = parent.stat(name);
    if (stat && (stat->mode & 0700) != 0700) parent.set_mode(name, 0700);
    Level level{.dir = io::open_dir(parent, name), .name = name, .subdirs = {}};
    for (const io::Listed& one : level.dir->list()) {
        std::optional<io::Kind> kind = one.kind;
        if (!kind)
            if (const auto what = level.dir->stat(one.name)) kind = what->kind;
        if (kind == io::Kind::dir)
            level.subdirs.push_back(one.name);
        else
            removed += level.dir->remove_file(one.name) ? 1 : 0;
    }
    return level;
}

}  // namespace

std::uint64_t remove_tree(io::Dir& dir, const std::string& name) {
    const std::optional<io::Stat> stat = dir.stat(name);
    if (!stat) return 0;
    if (stat->kind != io::Kind::dir) return dir.remove_file(name) ? 1 : 0;
    std::uint64_t removed = 0;
    std::vector<Level> levels;  // from the tree's root down: depth is bounded by descriptors, not by the stack
    levels.push_back(enter(dir, name, removed));
    while (!levels.empty()) {
        Level& level = levels.back();
        if (!level.subdirs.empty()) {
            const std::string next = std::move(level.subdirs.back());
            level.subdirs.pop_back();
            levels.push_back(enter(*level.dir, next, removed));
            continue;
        }
        const std::string done = std::move(level.name);
        levels.pop_back();
        removed += (levels.empty() ? dir : *levels.back().dir).remove_dir(done) ? 1 : 0;
    }
    return removed;
}

}  // namespace ft::source
