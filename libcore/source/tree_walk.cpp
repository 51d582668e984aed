#include "libcore/source/tree_walk.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/source/look_ahead.h"

namespace ft::source {
namespace {

// Directories kept open above the walk's place; further ones are closed and opened again on the way back.
constexpr std::size_t open_levels = 128;

/// First names of the inodes that have several, until all of their names were seen.
class HardLinks {
public:
    /// Marks `entry`, an object with this stat: the first of its group, or a link to the first.
    void mark(Entry& entry, const io::Stat& stat) {
        if (stat.links < 2 || stat.kind == io::Kind::dir) return;
        const auto [at, is_new] = groups_.try_emplace({stat.dev, stat.ino});
        Group& group = at->second;
        entry.linked = is_new || group.kind != stat.kind;
        // An inode number that went to another kind of object meanwhile is no link to the first.
        if (entry.linked) group = Group{entry.path, stat.kind, stat.links - 1};
        if (entry.linked) return;
        entry.hard_link = group.first;
        if (--group.names_left == 0) groups_.erase(at);
    }

private:
    struct Group {
        std::string first;
        io::Kind kind = io::Kind::file;
        std::uint64_t names_left = 0;
    };
    std::map<std::pair<std::uint64_t, std::uint64_t>, Group> groups_;  // by device and inode
};

struct Level {
    std::shared_ptr<Node> node;
    std::size_t at = 0;  ///< next of node->names
    std::size_t slice_held = 0;
};

bool is_device(io::Kind kind) { return kind == io::Kind::char_device || kind == io::Kind::block_device; }

Entry entry_of(std::string path, const io::Stat& stat) {
    Entry entry;
    entry.path = std::move(path);
    entry.kind = stat.kind;
    entry.mode = stat.mode;
    entry.uid = stat.uid;
    entry.gid = stat.gid;
    entry.mtime = stat.mtime;
    entry.ctime = stat.ctime;
    entry.ino = stat.ino;
    if (stat.kind == io::Kind::file) entry.size = stat.size;
    if (is_device(stat.kind)) entry.rdev = stat.rdev;
    return entry;
}

/// nullptr where it is gone, or something else has its name now.
std::shared_ptr<io::Dir> open_again(io::Dir& above, const std::string& name) {
    const std::optional<io::Stat> stat = above.stat(name);
    return stat && stat->kind == io::Kind::dir ? above.find_dir(name) : nullptr;
}

bool is_same(io::Dir& dir, const Node& node) {
    const std::optional<io::Stat> stat = dir.stat(".");
    return stat && stat->dev == node.dev && stat->ino == node.ino;
}

std::string place(const io::Dir& dir, const std::string& name) {
    return name == "." ? dir.path() : dir.path() + "/" + name;
}

}  // namespace

struct TreeWalk::State {
    State(std::shared_ptr<io::Dir> root_dir, std::string root_name, WalkOptions walk_options, Notes& walk_notes)
        : root(std::move(root_dir)), name(std::move(root_name)), options(std::move(walk_options)), notes(walk_notes) {}

    [[nodiscard]] Found start();
    [[nodiscard]] std::optional<Found> step();
    void enter(std::shared_ptr<Node> node);
    [[nodiscard]] Item take(Level& level);
    /// Opens a level's directory again if it was closed; false where it is no longer there.
    [[nodiscard]] bool is_open(std::size_t level) { return levels[level].node->dir != nullptr || reopen(level); }
    [[nodiscard]] bool reopen(std::size_t level);

    std::shared_ptr<io::Dir> root;
    std::string name;
    WalkOptions options;
    Notes& notes;
    HardLinks hard_links;
    std::vector<Level> levels;
    std::shared_ptr<Node> to_enter;  ///< the directory delivered last
    std::unique_ptr<LookAhead> ahead;
};

Found TreeWalk::State::start() {
    const std::optional<io::Stat> stat = root->stat(name);
    if (!stat) throw system_failure("cannot save", place(*root, name), ENOENT);
    if (stat->kind == io::Kind::socket)
        throw Failure(
            {.what = "cannot save", .where = place(*root, name), .why = "a socket holds nothing that could be saved"});
    LookAheadRules rules{.excludes = Excludes(options.excludes), .only_dev = {}, .threads = options.threads};
    if (options.one_file_system) rules.only_dev = stat->dev;
    ahead = std::make_unique<LookAhead>(std::move(rules), notes);
    if (stat->kind == io::Kind::dir) {
        if (name != ".") root = io::open_dir(*root, name);
        to_enter = std::make_shared<Node>();
        to_enter->name = name = ".";
        to_enter->dev = stat->dev;
        to_enter->ino = stat->ino;
        to_enter->dir = root;
    }
    Found found{.entry = entry_of("", *stat), .parent = root, .name = name, .on_disk = root->on_disk()};
    hard_links.mark(found.entry, *stat);
    return found;
}

/// The next entry of the deepest directory; std::nullopt where it has none left and was left.
std::optional<Found> TreeWalk::State::step() {
    if (to_enter) enter(std::exchange(to_enter, nullptr));
    if (levels.empty()) return std::nullopt;
    Level& level = levels.back();
    const bool finished = level.at == level.node->names.size();
    if (finished || !is_open(levels.size() - 1)) {
        if (!finished) notes.add("cannot list", level.node->path, "it was moved while it was read");
        levels.pop_back();
        return std::nullopt;
    }
    const std::string& entry_name = level.node->names[level.at].name;
    Item item = take(level);
    if (!item.stat) return std::nullopt;
    if (item.stat->kind == io::Kind::socket) {
        notes.add("skipped socket", place(*level.node->dir, entry_name), "", false);
        return std::nullopt;
    }
    to_enter = std::move(item.node);
    std::string path;
    path.reserve(level.node->path.size() + 1 + entry_name.size());
    path.append(level.node->path).append(level.node->path.empty() ? "" : "/").append(entry_name);
    Found found{.entry = entry_of(std::move(path), *item.stat),
                .parent = level.node->dir,
                .name = entry_name,
                .on_disk = level.node->on_disk};
    hard_links.mark(found.entry, *item.stat);
    return found;
}

void TreeWalk::State::enter(std::shared_ptr<Node> node) {
    if (node->parent != nullptr && !is_open(levels.size() - 1)) return;  // noted by step()
    ahead->need(node);
    // A directory whose last entry this is was only kept for it: a chain of any depth needs few descriptors.
    if (!levels.empty() && levels.back().at == levels.back().node->names.size()) levels.pop_back();
    if (node->trouble) {
        if (node->path.empty()) throw *node->trouble;
        notes.add("cannot list", node->trouble->parts().where, node->trouble->parts().why);
        return;
    }
    levels.push_back({.node = std::move(node)});
    if (levels.size() > open_levels + 1) ahead->set_dir(*levels[levels.size() - 1 - open_levels].node, nullptr);
}

Item TreeWalk::State::take(Level& level) {
    const std::size_t slice = level.at / slice_size;
    if (slice != level.slice_held) {
        level.node->slices[level.slice_held].items = {};
        ahead->need(level.node, slice);
        level.slice_held = slice;
    }
    return std::move(level.node->slices[slice].items[level.at++ % slice_size]);
}

/// Opens levels[level] again, through the nearest level that is open, and keeps what will be needed next on the way
/// back.
bool TreeWalk::State::reopen(std::size_t level) {
    std::size_t next = level;
    while (levels[next].node->dir == nullptr) --next;  // the first level is never closed
    const std::string& target = levels[level].node->path;
    std::shared_ptr<io::Dir> dir = levels[next].node->dir;
    std::size_t end = levels[next++].node->path.size();
    while (end < target.size()) {
        const std::size_t start = end == 0 ? 0 : end + 1;
        end = std::min(target.find('/', start), target.size());
        dir = open_again(*dir, target.substr(start, end - start));
        if (dir == nullptr) return false;
        const Node& node = *levels[next].node;
        if (node.path.size() != end) continue;
        if (!is_same(*dir, node)) return false;
        if (next + open_levels > level) ahead->set_dir(*levels[next].node, dir);
        ++next;
    }
    return true;
}

TreeWalk::TreeWalk(std::shared_ptr<io::Dir> root, std::string name, WalkOptions options, Notes& notes)
    : state_(std::make_unique<State>(std::move(root), std::move(name), std::move(options), notes)) {}

TreeWalk::~TreeWalk() = default;

std::optional<Found> TreeWalk::next() {
    if (!state_->ahead) return state_->start();
    do {
        if (std::optional<Found> found = state_->step()) return found;
    } while (!state_->levels.empty());
    return std::nullopt;
}

void read_attributes(Found& found, io::File* file) {
    Entry& entry = found.entry;
    if (!entry.hard_link.empty()) return;
    if (entry.kind == io::Kind::symlink) entry.symlink = found.parent->read_symlink(found.name);
    entry.xattrs = file != nullptr ? file->xattrs() : found.parent->xattrs(found.name);
    if (entry.xattrs.empty()) return;
    std::sort(entry.xattrs.begin(), entry.xattrs.end());
    std::size_t bytes = 0;
    for (const io::Xattr& xattr : entry.xattrs) bytes += xattr.name.size() + xattr.value.size();
    if (entry.xattrs.size() > xattrs_limit || bytes > xattr_bytes_limit)
        throw Failure(
            {.what = "cannot save", .where = place(*found.parent, found.name), .why = "too many extended attributes"});
}

}  // namespace ft::source
