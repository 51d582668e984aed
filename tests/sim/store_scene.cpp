#include "tests/sim/store_scene.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/source/tree_remove.h"
#include "tests/catch.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

const source::TreeBuilder::Powers as_root{.as_root = true};

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

/// Numbers and names that were told.
std::set<std::string> told(const std::vector<std::string>& acknowledged, const std::string& verb) {
    std::set<std::string> found;
    for (const std::string& one : acknowledged)
        if (one.starts_with(verb + " ")) found.insert(one.substr(verb.size() + 1));
    return found;
}

std::uint64_t highest_told(const std::vector<std::string>& acknowledged, const std::string& name) {
    std::uint64_t highest = 0;
    for (const std::string& id : told(acknowledged, "saved"))
        if (id.starts_with(name + "@")) highest = std::max(highest, parse_number(id.substr(name.size() + 1)).value());
    return highest;
}

/// A checkpoint that a prune was told to let go, because so many newer ones are there.
bool may_be_pruned(const std::string& id, const std::string& name, const std::vector<std::uint64_t>& listed,
                   const std::vector<std::string>& acknowledged) {
    if (!id.starts_with(name + "@")) return false;
    const std::uint64_t number = parse_number(id.substr(name.size() + 1)).value();
    const auto newer =
        static_cast<std::uint64_t>(listed.end() - std::upper_bound(listed.begin(), listed.end(), number));
    const std::set<std::string> prunes = told(acknowledged, "pruning " + name);
    return std::any_of(prunes.begin(), prunes.end(),
                       [&](const std::string& keep) { return newer >= parse_number(keep).value(); });
}

bool has_store(Hands& hands) {
    const std::unique_ptr<io::Dir> dir = hands.root->find_dir("store");
    return dir && dir->stat("format");
}

}  // namespace

Hands hands_of(SimDisk& disk) { return {disk, disk.root(), disk.clock()}; }
Hands hands_of(World& world, Process& process) { return {world.disk(), process.root(), process.clock()}; }

OpenStore open_store(Hands& hands) {
    std::unique_ptr<store::Backend> backend =
        store::directory_backend(io::ensure_dir(*hands.root, "store"), hands.clock);
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
        for (const What& what : {What{"t", "src1"}, {"t", "src2"}, {"t", "src3"}, {"u", "src1"}}) {
            save(hands_of(disk), what);
            disk.clock().sleep(std::chrono::hours(1));
        }
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
    CHECK_FALSE(report.incomplete());
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
    for (const ckpt::Kept& kept : report.checkpoints)
        if (kept.reason.empty()) hands.disk.acknowledge("pruned " + kept.id.text());
}

void repair(Hands hands) {
    OpenStore open = open_store(hands);
    Progress progress;
    const ckpt::RepairReport report = ckpt::repair(open.store, 0, hands.clock, progress);
    CHECK(report.lost.empty());
    hands.disk.acknowledge("repaired");
}

void restore(Hands hands, const store::CheckpointId& id, const std::string& destination, ckpt::Placement placement) {
    OpenStore open = open_store(hands);
    Progress progress;
    const ckpt::RestoreRequest request{.checkpoint = id, .powers = as_root};
    const ckpt::RestoreReport report =
        ckpt::restore_tree(open.store, request, {.parent = *hands.root, .name = destination, .placement = placement},
                           hands.clock, progress);
    CHECK_FALSE(report.incomplete());
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

void check_checkpoints(Hands& hands) {
    const std::vector<std::string> acknowledged = hands.disk.acknowledged();
    std::set<std::string> expected = told(acknowledged, "saved");
    if (expected.empty() && !has_store(hands)) return;
    OpenStore open = open_store(hands);
    const std::set<std::string> gone = told(acknowledged, "pruned");
    for (const std::string& name : open.store.names()) {
        const std::vector<std::uint64_t> listed = open.store.sequences(name);
        for (const std::uint64_t sequence : listed) {
            const store::CheckpointId id{name, sequence};
            INFO(id.text());
            expected.erase(id.text());
            CHECK_FALSE(gone.contains(id.text()));
            restore({hands.disk, hands.root->find_dir("."), hands.clock}, id, "out", ckpt::Placement::fresh);
            const std::string origin = open.store.manifest(id).sources.at(0).origin;
            CHECK(description_of(*hands.root, "out") == expected_tree(origin));
            source::remove_tree(*hands.root, "out");
        }
        std::erase_if(expected, [&](const std::string& id) { return may_be_pruned(id, name, listed, acknowledged); });
    }
    CHECK(expected == std::set<std::string>{});
}

void check_store(SimDisk& disk) {
    const std::vector<std::string> acknowledged = disk.acknowledged();
    Hands hands = hands_of(disk);
    check_checkpoints(hands);
    save(hands_of(disk), {"t", "src3"});
    OpenStore open = open_store(hands);
    CHECK(open.store.sequences("t").back() > highest_told(acknowledged, "t"));
    Progress progress;
    const ckpt::VerifyReport report = ckpt::verify(open.store, {}, disk.clock(), progress);
    CHECK(report.damaged_count == 0);
    CHECK(report.checkpoints > 0);
}

namespace {

void run_world(SimDisk& disk, const std::vector<Program>& programs) {
    World world(disk, mix(disk.seed(), 11));
    for (const Program& program : programs)
        world.add(program.name, [&](Process& process) { program.run(hands_of(world, process)); });
    world.run();
    for (std::size_t i = 0; i < programs.size(); ++i) {
        const auto id = static_cast<ProcessId>(i + 1);
        INFO(programs[i].name);
        CHECK(world.end_of(id) != End::hang);
        if (world.end_of(id) != End::failed) continue;
        INFO(world.failure_of(id).what());
        CHECK(programs[i].may_fail.contains(world.failure_of(id).exit()));
    }
}

void kill_one(const Image& start, const std::vector<Program>& programs, std::uint64_t seed) {
    SimDisk disk(start, seed);
    Chance chance(mix(seed, 12));
    const auto victim = static_cast<ProcessId>(1 + chance.below(programs.size()));
    disk.kill_at(victim, chance.below(80), static_cast<When>(chance.below(3)));
    run_world(disk, programs);
    check_store(disk);
    disk.power_cut(chance.next());
    check_store(disk);
}

}  // namespace

void run_beside(const Image& start, const std::vector<Program>& programs, std::uint64_t seed) {
    if (seed % 3 == 0) return kill_one(start, programs, seed);
    const Scenario scenario = [&](SimDisk& disk) { run_world(disk, programs); };
    (void)for_every_told_cut(scenario, check_store, {.start = start, .seed = seed, .survivals = 2, .moments = 3});
}

}  // namespace ft::sim
