#include "tests/sim/store_oracle.h"

#include <algorithm>
#include <map>

#include "libcore/base/text.h"
#include "libcore/source/tree_remove.h"
#include "tests/catch.h"

namespace ft::sim {

namespace {

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

/// Restores it beside everything else, compares and removes.
void look_at(const store::CheckpointId& id, Hands& hands, OpenStore& open, Complaints& complaints) {
    restore({hands.disk, hands.root->find_dir("."), hands.clock}, id, "out", ckpt::Placement::fresh);
    const store::Manifest manifest = open.store.manifest(id);
    const std::string origin = manifest.sources.at(0).origin;
    if (!manifest.incomplete() && description_of(*hands.root, "out") != expected_tree(origin))
        complaints.push_back(id.text() + " differs from " + origin);
    source::remove_tree(*hands.root, "out");
    hands.root->sync();  // what is looked at once more, after a power cut, is not to find it again
}

void look_at_pins(store::Store& store, const std::vector<std::string>& acknowledged, Complaints& complaints) {
    const std::set<std::string> unpinning = told(acknowledged, "unpinning");
    for (const std::string& id : told(acknowledged, "pinned")) {
        const store::CheckpointId pinned = store.resolve(id);
        if (!unpinning.contains(id) && !ckpt::is_pinned(store, pinned)) complaints.push_back(id + " is not pinned");
    }
    for (const std::string& id : told(acknowledged, "unpinned"))
        if (ckpt::is_pinned(store, store.resolve(id))) complaints.push_back(id + " is pinned again");
}

void look_at_checkpoints(Hands& hands, Complaints& complaints) {
    const std::vector<std::string> acknowledged = hands.disk.acknowledged();
    std::set<std::string> expected = told(acknowledged, "saved");
    if (expected.empty() && !has_store(hands)) return;
    OpenStore open = open_store(hands);
    const std::set<std::string> gone = told(acknowledged, "pruned");
    for (const std::string& name : open.store.names()) {
        const std::vector<std::uint64_t> listed = open.store.sequences(name);
        for (const std::uint64_t sequence : listed) {
            const store::CheckpointId id{name, sequence};
            expected.erase(id.text());
            if (gone.contains(id.text())) complaints.push_back(id.text() + " was pruned and is back");
            look_at(id, hands, open, complaints);
        }
        std::erase_if(expected, [&](const std::string& id) { return may_be_pruned(id, name, listed, acknowledged); });
    }
    for (const std::string& id : told(acknowledged, "removing")) expected.erase(id);
    for (const std::string& id : expected) complaints.push_back(id + " is lost");
    look_at_pins(open.store, acknowledged, complaints);
}

void look_at_next_save(SimDisk& disk, const std::vector<std::string>& acknowledged, Complaints& complaints) {
    save(hands_of(disk), {"t", "src3"});
    Hands hands = hands_of(disk);
    OpenStore open = open_store(hands);
    if (open.store.sequences("t").back() <= highest_told(acknowledged, "t"))
        complaints.push_back("a number of t was used again");
    Progress progress;
    const ckpt::VerifyReport report = ckpt::verify(open.store, {}, disk.clock(), progress);
    for (const ckpt::Damaged& one : report.damaged)
        complaints.push_back(one.checkpoint + " " + one.path + " " + one.why);
    if (report.checkpoints == 0) complaints.push_back("nothing was verified");
}

/// returns  what processes should not have failed with.
Complaints run_world(SimDisk& disk, const std::vector<Program>& programs, const std::vector<Fault>& rules) {
    World world(disk, mix(disk.seed(), 11));
    for (const Fault& rule : rules) disk.fail(rule);
    for (const Program& program : programs)
        world.add(program.name, [&](Process& process) { program.run(hands_of(world, process)); });
    world.run();
    disk.clear_faults();
    Complaints complaints;
    for (std::size_t i = 0; i < programs.size(); ++i) {
        const auto id = static_cast<ProcessId>(i + 1);
        if (world.end_of(id) == End::hang) complaints.push_back(programs[i].name + " hangs");
        if (world.end_of(id) != End::failed) continue;
        const Failure& failure = world.failure_of(id);
        if (!programs[i].may_fail.contains(failure.exit()))
            complaints.push_back(programs[i].name + ": " + failure.what());
    }
    return complaints;
}

void append(Complaints& all, const Complaints& more) { all.insert(all.end(), more.begin(), more.end()); }

Complaints kill_one(const Image& start, const std::vector<Program>& programs, std::uint64_t seed,
                    const std::vector<Fault>& rules) {
    SimDisk disk(start, seed);
    Chance chance(mix(seed, 12));
    const auto victim = static_cast<ProcessId>(1 + chance.below(programs.size()));
    disk.kill_at(victim, chance.below(80), static_cast<When>(chance.below(3)));
    Complaints complaints = run_world(disk, programs, rules);
    append(complaints, complaints_about(disk));
    disk.power_cut(chance.next());
    append(complaints, complaints_about(disk));
    return complaints;
}

}  // namespace

Complaints complaints_about(SimDisk& disk) {
    const std::vector<std::string> acknowledged = disk.acknowledged();
    Complaints complaints;
    try {
        Hands hands = hands_of(disk);
        look_at_checkpoints(hands, complaints);
        look_at_next_save(disk, acknowledged, complaints);
    } catch (const Failure& failure) {
        complaints.push_back(failure.what());
    }
    return complaints;
}

void check_store(SimDisk& disk) { CHECK(complaints_about(disk) == none); }

Complaints complaints_beside(const Image& start, const std::vector<Program>& programs, std::uint64_t seed,
                             const std::vector<Fault>& rules) {
    if (seed % 3 == 0) return kill_one(start, programs, seed, rules);
    Complaints complaints;
    const Scenario scenario = [&](SimDisk& disk) { append(complaints, run_world(disk, programs, rules)); };
    const Check check = [&](Rebooted& disk) {
        for (const std::string& complaint : complaints_about(disk))
            complaints.push_back(complaint + " (" + disk.story() + ")");
    };
    (void)for_every_cut(scenario, check, {.start = start, .seed = seed, .survivals = 2, .moments = 3});
    return complaints;
}

void run_beside(const Image& start, const std::vector<Program>& programs, std::uint64_t seed) {
    CHECK(complaints_beside(start, programs, seed) == none);
}

}  // namespace ft::sim
