#include "tests/sim/file_scene.h"

#include <algorithm>
#include <map>

#include "libcore/twophase/kinds.h"

namespace ft::sim {

namespace {

using twophase::Ack;
using twophase::Vote;

const std::string long_name(255, 'l');

void put(io::Dir& dir, const std::string& name, const std::string& content, std::uint32_t mode) {
    const std::unique_ptr<io::File> file = dir.create_file(name, mode);
    file->write_at(view_of(content), 0);
}

std::string content_in(io::Dir& dir, const std::string& name) {
    return std::string(text_of(io::read_whole(*io::open_file(dir, name), 1U << 20)));
}

std::string describe(io::Dir& dir, const std::string& name) {
    const io::Stat stat = dir.stat(name).value();
    std::string line = name + " mode " + std::to_string(stat.mode) + " of " + std::to_string(stat.uid) + ":" +
                       std::to_string(stat.gid);
    for (const io::Xattr& xattr : dir.xattrs(name)) line += " " + xattr.name + "=" + xattr.value;
    if (stat.kind == io::Kind::symlink) line += " -> " + dir.read_symlink(name);
    if (stat.kind == io::Kind::file) line += " " + content_in(dir, name);
    return line;
}

twophase::Kind kind_of(const BranchCase& branch) {
    return branch.words.starts_with("file:") ? twophase::file_kind() : twophase::switch_kind();
}

bool was_told(const std::vector<std::string>& told, const std::string& what) {
    return std::find(told.begin(), told.end(), what) != told.end();
}

/// The token of the yes; std::nullopt where it was not said.
std::optional<std::string> token_in(const std::vector<std::string>& told) {
    for (const std::string& line : told)
        if (line.starts_with("yes ")) return line.substr(4);
    return std::nullopt;
}

/// What "d" is like before the branch, and once it is committed.
struct Sides {
    std::string before, after;
};

Sides sides_of(const BranchCase& branch) {
    static std::map<std::string, Sides> known;
    const auto found = known.find(branch.words);
    if (found != known.end()) return found->second;
    SimDisk disk(file_scene(), 1);
    const std::string before = description(disk);
    transact(hands_of(disk), branch, Verb::commit);
    return known[branch.words] = {before, description(disk)};
}

Complaints complaints_after(Image image, const BranchCase& branch, bool committed) {
    SimDisk disk(std::move(image), 1);
    try {
        settle(hands_of(disk), branch);
    } catch (const Failure& failure) {
        return {failure.what()};
    }
    disk.power_cut(0);
    const Sides sides = sides_of(branch);
    const std::string found = description(disk), &expected = committed ? sides.after : sides.before;
    if (found != expected) return {"expected\n" + expected + "found\n" + found};
    if (committed && branch.name == "current") {
        const auto generation = io::open_dir(*io::open_dir(*disk.root(), "d"), "gen2");
        if (!generation->stat("f") || content_in(*generation, "f") != "second") return {"the generation is not whole"};
    }
    return {};
}

}  // namespace

BranchCase replacing() { return {"file:/d/app.conf=/s/new", "app.conf"}; }
BranchCase creating() { return {"file:/d/fresh=/s/new", "fresh"}; }
BranchCase removing() { return {"file:/d/app.conf=", "app.conf"}; }
BranchCase switching() { return {"switch:/d/current=gen2", "current"}; }
BranchCase first_switch() { return {"switch:/d/first=/d/gen2", "first"}; }
BranchCase replacing_long_name() { return {"file:/d/" + long_name + "=/s/new", long_name}; }
std::vector<BranchCase> all_cases() {
    return {replacing(), creating(), removing(), switching(), first_switch(), replacing_long_name()};
}

const Image& file_scene() {
    static const Image image = prepared([](SimDisk& disk) {
        const auto root = disk.root();
        for (const char* name : {"d", "s"}) root->make_dir(name, 0755);
        const auto d = io::open_dir(*root, "d");
        for (const char* name : {"gen1", "gen2"}) d->make_dir(name, 0755);
        d->make_symlink("current", "gen1");
        put(*d, "app.conf", std::string(5000, 'o'), 0600);
        d->set_owner("app.conf", 7, 8);
        d->set_xattr("app.conf", {"user.note", "keep"});
        d->set_mode("app.conf", 0640);
        put(*d, long_name, "old", 0644);
        // Big enough for its blocks to be shared.
        put(*io::open_dir(*root, "s"), "new", std::string(70'000, 'n'), 0755);
    });
    return image;
}

io::Located locate_on(io::Dir& root, const std::string& path) {
    io::Located at{.dir = root.find_dir("."), .name = "."};
    for (std::size_t start = 1; start < path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        if (at.name != ".") at.dir = io::open_dir(*at.dir, at.name);
        at.name = path.substr(start, end - start);
        start = end + 1;
    }
    return at;
}

twophase::Branch branch_number(std::uint32_t sequence) { return {{}, 1, sequence, 0}; }

std::unique_ptr<twophase::Participant> participant(io::Dir& root, Clock& clock, const BranchCase& branch,
                                                   std::uint32_t sequence) {
    const twophase::Kind kind = kind_of(branch);
    const twophase::Spec spec = kind.parse(branch.words.substr(kind.name.size() + 1), "/");
    const auto locate = [&root](const std::string& path) { return locate_on(root, path); };
    return kind.make(spec, branch_number(sequence), {.locate = locate, .clock = clock, .locks = root});
}

void write_generation(io::Dir& root, const BranchCase& branch) {
    if (branch.name == "current") put(*io::open_dir(*io::open_dir(root, "d"), "gen2"), "f", "second", 0644);
}

void transact(Hands hands, const BranchCase& branch, Verb verb) {
    write_generation(*hands.root, branch);
    const twophase::Voted voted = participant(*hands.root, hands.clock, branch)->prepare();
    if (voted.vote != Vote::yes) throw Failure({.what = "refused", .why = voted.why});
    hands.disk.acknowledge("yes " + voted.token);
    hands.disk.acknowledge(verb == Verb::commit ? "commit" : "abort");
    settle(std::move(hands), branch);
}

void settle(Hands hands, const BranchCase& branch) {
    const std::vector<std::string> told = hands.disk.acknowledged();
    if (was_told(told, "done")) return;
    const auto again = participant(*hands.root, hands.clock, branch);
    const bool commits = was_told(told, "commit");
    const twophase::Settled settled = commits ? again->commit(token_in(told).value()) : again->abort();
    if (settled.ack != Ack::done) throw Failure({.what = "not settled", .why = settled.why});
    hands.disk.acknowledge("done");
}

std::string description(SimDisk& disk) {
    const auto d = io::open_dir(*disk.root(), "d");
    std::vector<std::string> lines;
    for (const io::Listed& listed : d->list()) lines.push_back(describe(*d, listed.name) + "\n");
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) all += line;
    return all;
}

Complaints complaints_about_branch(SimDisk& disk, const BranchCase& branch) {
    const Image image = disk.image();
    if (was_told(image.acknowledged, "commit")) return complaints_after(image, branch, true);
    const Complaints aborted = complaints_after(image, branch, false);
    if (!aborted.empty() || !token_in(image.acknowledged) || was_told(image.acknowledged, "abort")) return aborted;
    Image decided = image;
    decided.acknowledged.emplace_back("commit");
    return complaints_after(decided, branch, true);
}

}  // namespace ft::sim
