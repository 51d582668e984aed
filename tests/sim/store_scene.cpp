#include "tests/sim/store_scene.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::sim {

namespace {

const source::TreeBuilder::Powers as_root{.as_root = true};

void need(bool holds, const char* else_why) {
    if (!holds) throw Failure({.what = "a program of the scene did not do its work", .why = else_why});
}

std::string noise(std::size_t length, std::uint64_t seed) {
    Chance chance(seed);
    std::string bytes(length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(chance.next());
    return bytes;
}

void put(io::Dir& dir, const std::string& name, const std::string& content) {
    std::unique_ptr<io::File> file = dir.create_file(name, 0644);
    file->write_at(view_of(content), 0);
}

void make_tree(io::Dir& root, const std::string& name, const std::string& own_text) {
    root.make_dir(name, 0755);
    std::unique_ptr<io::Dir> tree = io::open_dir(root, name);
    put(*tree, "same", noise(9000, 1));
    put(*tree, "own", own_text);
    tree->make_dir("sub", 0750);
    std::unique_ptr<io::Dir> sub = io::open_dir(*tree, "sub");
    put(*sub, "deep", noise(5000, own_text.size()));
    sub->make_symlink("link", "../same");
    tree->make_link("own", *sub, "hard");
    sub->create_file("empty", 0600);
}

std::string line_of(io::Dir& dir, const std::string& name, const std::string& path, const io::Stat& stat) {
    std::string line = path + " " + std::to_string(static_cast<int>(stat.kind)) + " " + std::to_string(stat.mode) +
                       " " + std::to_string(stat.uid) + " ";
    if (stat.kind == io::Kind::symlink) line += dir.read_symlink(name);
    if (stat.kind != io::Kind::file) return line;
    const Bytes bytes = io::read_whole(*io::open_file(dir, name), 1U << 24);
    return line + std::to_string(stat.size) + " " + std::to_string(checksum_of(bytes)) + " " +
           std::to_string(stat.links);
}

void describe(io::Dir& dir, const std::string& path, std::vector<std::string>& lines) {
    for (const io::Listed& one : dir.list()) {
        const std::string below = path + "/" + one.name;
        const io::Stat stat = dir.stat(one.name).value();
        lines.push_back(line_of(dir, one.name, below, stat) + " " + std::to_string(stat.mtime.s) + "." +
                        std::to_string(stat.mtime.ns));
        if (stat.kind == io::Kind::dir) describe(*io::open_dir(dir, one.name), below, lines);
    }
}

}  // namespace

Hands hands_of(SimDisk& disk) { return {disk, disk.root(), disk.clock()}; }
Hands hands_of(World& world, Process& process) { return {world.disk(), process.root(), process.clock()}; }

OpenStore open_store(Hands& hands) {
    std::unique_ptr<io::Dir> dir = hands.root->find_dir("store");
    if (!dir || !store::holds_store(*dir)) dir = io::ensure_dir(*hands.root, "store");
    std::unique_ptr<store::Backend> backend = store::directory_backend(std::move(dir), hands.clock);
    store::Store store = store::Store::open_or_create(*backend, hands.clock);
    return {std::move(backend), std::move(store)};
}

const Image& sources() {
    static const Image image = prepared([](SimDisk& disk) {
        std::unique_ptr<io::Dir> root = disk.root();
        make_tree(*root, "src1", "one");
        make_tree(*root, "src2", "two and " + noise(3000, 7));
        make_tree(*root, "src3", "three");
        disk.clock().sleep(std::chrono::minutes(1));  // so that the times of these files are not racy
    });
    return image;
}

const Image& with_four_checkpoints() {
    static const Image image = [] {
        SimDisk disk(sources(), 1);
        for (const What& what : {What{"t", "src1"}, {"t", "src2"}, {"t", "src3"}, {"u", "src2"}}) {
            save(hands_of(disk), what);
            disk.clock().sleep(std::chrono::hours(1));
        }
        disk.root()->sync_file_system();
        return disk.image();
    }();
    return image;
}

const Image& with_destination() {
    static const Image image = [] {
        SimDisk disk(with_four_checkpoints(), 1);
        restore(hands_of(disk), {"t", 1}, "dest", ckpt::Placement::fresh);
        disk.root()->sync_file_system();
        return disk.image();
    }();
    return image;
}

void save(Hands hands, const What& what) {
    OpenStore open = open_store(hands);
    std::vector<source::Source> sources(1);
    sources[0].origin = what.tree;
    sources[0].parent = std::shared_ptr<io::Dir>(hands.root->find_dir("."));  // shared with the walk
    sources[0].name = what.tree;
    Progress progress;
    const ckpt::SaveReport report = ckpt::save(sources, open.store, {.name = what.name}, hands.clock, progress);
    need(!report.incomplete(), "it is not complete");
    open.store.leave();
    hands.disk.acknowledge("saved " + what.name + "@" + std::to_string(report.sequence));
}

void prune(Hands hands, const std::string& name, std::uint64_t keep) {
    OpenStore open = open_store(hands);
    hands.disk.acknowledge("pruning " + name + " " + std::to_string(keep));
    Progress progress;
    ckpt::PruneRequest request;
    request.policy.name = name;
    request.policy.keep_last = keep;
    const ckpt::PruneReport report = ckpt::prune(open.store, request, hands.clock, progress);
    open.store.leave();
    for (const ckpt::Kept& kept : report.checkpoints)
        if (kept.reason.empty()) hands.disk.acknowledge("pruned " + kept.id.text());
}

void remove(Hands hands, const store::CheckpointId& id) {
    OpenStore open = open_store(hands);
    hands.disk.acknowledge("removing " + id.text());
    ckpt::remove_checkpoint(open.store, id);
    hands.disk.acknowledge("pruned " + id.text());
}

void pin_newest(Hands hands, const std::string& name) {
    OpenStore open = open_store(hands);
    const store::CheckpointId id = open.store.resolve(name);
    ckpt::pin(open.store, id);
    hands.disk.acknowledge("pinned " + id.text());
}

void unpin_newest(Hands hands, const std::string& name) {
    OpenStore open = open_store(hands);
    const store::CheckpointId id = open.store.resolve(name);
    hands.disk.acknowledge("unpinning " + id.text());
    ckpt::unpin(open.store, id);
    hands.disk.acknowledge("unpinned " + id.text());
}

void repair(Hands hands) {
    OpenStore open = open_store(hands);
    Progress progress;
    const ckpt::RepairReport report = ckpt::repair(open.store, 0, hands.clock, progress);
    need(report.lost.empty(), "checkpoints lost data");
    open.store.leave();
    hands.disk.acknowledge("repaired");
}

void verify(Hands hands) {
    OpenStore open = open_store(hands);
    Progress progress;
    const ckpt::VerifyReport report = ckpt::verify(open.store, {}, hands.clock, progress);
    open.store.leave();
    if (report.damaged.empty()) return;
    const ckpt::Damaged& first = report.damaged.front();
    throw damage(first.checkpoint + " " + first.path, first.why);
}

void restore(Hands hands, const store::CheckpointId& id, const std::string& destination, ckpt::Placement placement,
             std::optional<std::string> keep_old) {
    OpenStore open = open_store(hands);
    Progress progress;
    const ckpt::RestoreRequest request{.checkpoint = id, .powers = as_root};
    const ckpt::RestoreReport report = ckpt::restore_tree(
        open.store, request,
        {.parent = *hands.root, .name = destination, .placement = placement, .keep_old = std::move(keep_old)},
        hands.clock, progress);
    need(!report.incomplete(), "it is not complete");
    open.store.leave();
    hands.disk.acknowledge("restored " + destination + " " + id.text());
}

std::string description_of(io::Dir& parent, const std::string& name) {
    const std::unique_ptr<io::Dir> dir = parent.find_dir(name);
    if (!dir) return "missing";
    const io::Stat top = dir->stat(".").value();
    std::vector<std::string> lines{"mode " + std::to_string(top.mode) + " " + std::to_string(top.mtime.s)};
    describe(*dir, "", lines);
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
}

const std::string& expected_tree(const std::string& tree) {
    static const std::map<std::string, std::string> expected = [] {
        SimDisk disk(sources(), 1);
        std::map<std::string, std::string> found;
        for (const char* name : {"src1", "src2", "src3"}) found[name] = description_of(*disk.root(), name);
        return found;
    }();
    return expected.at(tree);
}

}  // namespace ft::sim
