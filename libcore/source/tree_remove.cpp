#include "libcore/source/tree_remove.h"

#include <cerrno>
#include <memory>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::source {
namespace {

struct Level {
    std::unique_ptr<io::Dir> dir;
    std::string name;  // in the level above
    std::vector<std::string> subdirs;
    bool stays = false;  // something in it was spared
};

class Removing {
public:
    explicit Removing(const std::optional<ObjectId>& spared) : spared_(spared) {}

    Removed run(io::Dir& dir, const std::string& name, const io::Stat& stat) {
        if (is_spared(dir, name, stat)) return std::move(removed_);
        levels_.push_back(enter(dir, name, stat));
        while (!levels_.empty()) {
            if (step()) continue;
            const Level done = std::move(levels_.back());
            levels_.pop_back();
            if (!done.stays)
                removed_.objects += (levels_.empty() ? dir : *levels_.back().dir).remove_dir(done.name) ? 1 : 0;
            else if (!levels_.empty())
                levels_.back().stays = true;
        }
        return std::move(removed_);
    }

private:
    /// Goes into the next directory of the deepest level; false where it has none left.
    bool step() {
        Level& level = levels_.back();
        if (level.subdirs.empty()) return false;
        const std::string next = std::move(level.subdirs.back());
        level.subdirs.pop_back();
        const std::optional<io::Stat> stat = level.dir->stat(next);
        if (!stat) return true;
        if (is_spared(*level.dir, next, *stat))
            level.stays = true;
        else
            levels_.push_back(enter(*level.dir, next, *stat));
        return true;
    }

    bool is_spared(io::Dir& parent, const std::string& name, const io::Stat& stat) {
        if (stat.mount_point) removed_.mounted.push_back(io::join_path(parent.path(), name));
        const bool spared = stat.mount_point || ObjectId{stat.dev, stat.ino} == spared_;
        if (spared) removed_.whole = false;
        return spared;
    }

    Level enter(io::Dir& parent, const std::string& name, const io::Stat& stat) {
        if ((stat.mode & 0700) != 0700) parent.set_mode(name, 0700);
        Level level{.dir = io::open_dir(parent, name), .name = name, .subdirs = {}};
        for (const io::Listed& one : level.dir->list()) {
            std::optional<io::Kind> kind = one.kind;
            if (!kind)
                if (const auto what = level.dir->stat(one.name)) kind = what->kind;
            if (kind == io::Kind::dir)
                level.subdirs.push_back(one.name);
            else
                removed_.objects += level.dir->remove_file(one.name) ? 1 : 0;
        }
        return level;
    }

    const std::optional<ObjectId>& spared_;
    std::vector<Level> levels_;  // from the tree's root down: depth is bounded by descriptors, not by the stack
    Removed removed_;
};

}  // namespace

Removed remove_tree_but(io::Dir& dir, const std::string& name, const std::optional<ObjectId>& spared) {
    const std::optional<io::Stat> stat = dir.stat(name);
    if (!stat) return {};
    if (stat->kind != io::Kind::dir) return {.objects = dir.remove_file(name) ? 1U : 0U, .mounted = {}};
    return Removing(spared).run(dir, name, *stat);
}

std::uint64_t remove_tree(io::Dir& dir, const std::string& name, const std::optional<ObjectId>& spared) {
    const Removed removed = remove_tree_but(dir, name, spared);
    if (removed.whole) return removed.objects;
    const bool mounted = !removed.mounted.empty();
    throw Failure({.what = "cannot remove",
                   .where = mounted ? removed.mounted.front() : io::join_path(dir.path(), name),
                   .why = mounted ? "it is a mount point" : "the store lies in it",
                   .todo = mounted ? "unmount it, then try again" : "move the store, then try again",
                   .error = EBUSY});
}

}  // namespace ft::source
