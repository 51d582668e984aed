// Goal: a disk that fails, is full, or rots never costs a checkpoint that was acknowledged, and is never passed over in
// silence. Method: fail each call of a command once; end the space at every page; damage each object at many places.
#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

namespace {

using Act = std::function<void(Hands)>;

const Act save_tree = [](Hands hands) { save(std::move(hands), {"t", "src2"}); };
const Act prune_to_one = [](Hands hands) { prune(std::move(hands), "t", 1); };
const Act repair_store = [](Hands hands) { repair(std::move(hands)); };

struct Ended {
    bool failed = false;
    int error = 0;
    std::string message;
};

Ended run(SimDisk& disk, const Act& act) {
    try {
        act(hands_of(disk));
    } catch (const Failure& failure) {
        return {true, failure.error(), failure.what()};
    }
    return {};
}

/// The store is whole, also after a power cut on top.
void check_now_and_after_cut(SimDisk& disk, std::uint64_t seed) {
    CHECK(complaints_about(disk) == none);
    disk.power_cut(seed);
    CHECK(complaints_about(disk) == none);
}

/// Fails the calls below `path` one by one. returns  how many there are.
std::uint64_t fail_each(const Image& start, const Act& act, const std::string& path) {
    for (std::uint64_t number = 0;; ++number) {
        SimDisk disk(start, number);
        disk.fail({.path = path + "/**", .skip = number, .error = EIO});
        const Ended ended = run(disk, act);
        INFO("call " << number << " below " << path << ": " << ended.message);
        if (path == "store") CHECK(ended.message.find("not complete") == std::string::npos);  // the source is sound
        if (disk.faults_met() == 0) return number;
        disk.clear_faults();
        check_now_and_after_cut(disk, mix(number, 1));
    }
}

/// Programs that end well or say that there is no space, with so many bytes free; returns whether it ended well.
bool run_with(std::uint64_t free, SimDisk& disk, const Act& act) {
    disk.set_capacity(disk.state().allocated() + free);
    const Ended ended = run(disk, act);
    INFO(free << " bytes free: " << ended.message);
    CHECK((!ended.failed || ended.error == ENOSPC));
    disk.set_capacity(UINT64_MAX);
    check_now_and_after_cut(disk, mix(free, 2));
    return !ended.failed;
}

/// Paths of all files below.
void files_below(io::Dir& dir, const std::string& path, std::vector<std::string>& found) {
    for (const io::Listed& one : dir.list()) {
        const std::string below = path + "/" + one.name;
        if (one.kind == io::Kind::dir) files_below(*io::open_dir(dir, one.name), below, found);
        if (one.kind == io::Kind::file) found.push_back(below);
    }
}

std::vector<std::string> files_of_store(SimDisk& disk) {
    std::vector<std::string> found;
    files_below(*io::open_dir(*disk.root(), "store"), "store", found);
    return found;
}

/// Each checkpoint is restored as it was or refused for damage. returns  whether one was refused.
bool damage_is_never_served(SimDisk& disk) {
    bool refused = false;
    const std::pair<store::CheckpointId, const char*> all[] = {
        {{"t", 1}, "src1"}, {{"t", 2}, "src2"}, {{"t", 3}, "src3"}, {{"u", 1}, "src2"}};
    for (const auto& [id, tree] : all) {
        try {
            restore(hands_of(disk), id, "out-" + id.text(), ckpt::Placement::fresh);
            CHECK(description_of(*disk.root(), "out-" + id.text()) == expected_tree(tree));
        } catch (const Failure& failure) {
            INFO(failure.what());
            CHECK((failure.exit() == Exit::damage || failure.exit() == Exit::no));
            refused = true;
        }
    }
    return refused;
}

/// Whether verify, or opening the store, says that something is damaged.
bool damage_is_told(SimDisk& disk) {
    try {
        Hands hands = hands_of(disk);
        OpenStore open = open_store(hands);
        Progress progress;
        return ckpt::verify(open.store, {}, hands.clock, progress).damaged_count != 0;
    } catch (const Failure& failure) {
        INFO(failure.what());
        CHECK(failure.exit() == Exit::damage);
        return true;
    }
}

void check_rot(const std::string& path, const std::function<void(SimDisk&)>& damage) {
    SimDisk disk(with_four_checkpoints(), 1);
    const std::uint64_t before = disk.state().fingerprint();
    damage(disk);
    if (disk.state().fingerprint() == before) return;
    INFO(path);
    CHECK(damage_is_told(disk));
    (void)damage_is_never_served(disk);
}

}  // namespace

TEST_CASE("a save of which any one call fails says so or succeeds, and costs nothing", "[ckpt][sim]") {
    CHECK(fail_each(with_four_checkpoints(), save_tree, "store") > 50);
    CHECK(fail_each(sources(), save_tree, "store") > 50);
}

TEST_CASE("a tree of which any one call fails is not saved, or can be restored without what failed", "[ckpt][sim]") {
    CHECK(fail_each(with_four_checkpoints(), save_tree, "src2") > 15);
    CHECK(fail_each(sources(), save_tree, "src2") > 15);
}

TEST_CASE("a prune or repair of which any one call fails says so or succeeds, and costs nothing", "[ckpt][sim]") {
    CHECK(fail_each(with_four_checkpoints(), prune_to_one, "store") > 50);
    CHECK(fail_each(with_four_checkpoints(), repair_store, "store") > 50);
}

TEST_CASE("a command whose sync fails never succeeds", "[ckpt][sim]") {
    for (const Act& act : {save_tree, prune_to_one, repair_store})
        for (const Call call : {Call::sync, Call::sync_dir})
            for (std::uint64_t number = 0;; ++number) {
                SimDisk disk(with_four_checkpoints(), number);
                disk.fail({.call = call, .path = "store/**", .skip = number});
                const Ended ended = run(disk, act);
                if (disk.faults_met() == 0) break;
                INFO(name_of(call) << " " << number);
                CHECK(ended.failed);
            }
}

TEST_CASE("a disk that fills up at any page costs nothing that was there", "[ckpt][sim]") {
    bool enough = false;
    for (std::uint64_t free = 0; !enough; free += page_size) {
        SimDisk disk(with_four_checkpoints(), free + 1);
        enough = run_with(free, disk, [](Hands hands) { save(std::move(hands), {"w", "src2"}); });
        REQUIRE(free < 100 * page_size);
    }
    enough = false;
    for (std::uint64_t free = 0; !enough; free += page_size) {
        SimDisk disk(sources(), free + 1);
        enough = run_with(free, disk, save_tree);
        REQUIRE(free < 100 * page_size);
    }
}

TEST_CASE("a write that stops at any byte costs nothing that was there", "[ckpt][sim]") {
    for (std::uint64_t number = 0;; ++number) {
        SimDisk disk(with_four_checkpoints(), number);
        disk.fail(
            {.call = Call::write, .path = "store/**", .skip = number / 4, .error = ENOSPC, .bytes = number % 4 * 300});
        const Ended ended = run(disk, [](Hands hands) { save(std::move(hands), {"w", "src2"}); });
        if (disk.faults_met() == 0) break;
        disk.clear_faults();
        CHECK(ended.error == ENOSPC);
        check_now_and_after_cut(disk, number);
    }
}

TEST_CASE("a prune works without a byte free, and gives space back", "[ckpt][sim]") {
    SimDisk disk(with_four_checkpoints(), 1);
    save(hands_of(disk), {"w", "src1"});
    const std::uint64_t before = disk.state().allocated();
    disk.set_capacity(before);
    prune(hands_of(disk), "t", 1);
    CHECK(disk.state().allocated() < before);
    disk.set_capacity(UINT64_MAX);
    check_now_and_after_cut(disk, 1);
}

TEST_CASE("no damaged byte of any object is served, and each is told", "[ckpt][sim]") {
    SimDisk disk(with_four_checkpoints(), 1);
    std::uint64_t number = 0;
    for (const std::string& path : files_of_store(disk)) {
        const std::uint64_t size = disk.size_of(path);
        for (std::uint64_t at = 0; at < size; at += 1 + size / 40) {
            INFO("byte " << at << " of " << size);
            check_rot(path, [&](SimDisk& d) { d.flip_bit(path, at, number++ % 8); });
            check_rot(path, [&](SimDisk& d) { d.truncate(path, at); });
            check_rot(path, [&](SimDisk& d) { d.zero(path, at / sector_size * sector_size, sector_size); });
        }
    }
    CHECK(number > 300);
}

TEST_CASE("sectors that landed elsewhere are told", "[ckpt][sim]") {
    SimDisk disk(with_four_checkpoints(), 1);
    const std::vector<std::string> paths = files_of_store(disk);
    for_every_seed(300, [&](std::uint64_t seed) {
        Chance chance(seed);
        const std::string &from = paths[chance.below(paths.size())], &to = paths[chance.below(paths.size())];
        const std::uint64_t from_sector = chance.below(disk.size_of(from) / sector_size + 1) * sector_size;
        const std::uint64_t to_sector = chance.below(disk.size_of(to) / sector_size + 1) * sector_size;
        check_rot(to, [&](SimDisk& d) { d.misdirect({from, from_sector}, {to, to_sector}, sector_size); });
    });
}

}  // namespace ft::sim
