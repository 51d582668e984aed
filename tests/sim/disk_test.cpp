// Goal: the simulated disk loses exactly what its crash model says, and never what was synced.
// Method: small scenes, many survivals each; every kind of loss must be seen at least once, and no other.
#include <map>
#include <set>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/sim/cuts.h"
#include "tests/catch.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

constexpr std::uint64_t survivals = 400;

std::string read_all(io::Dir& dir, const std::string& name) {
    std::unique_ptr<io::File> file = io::open_file(dir, name);
    return std::string(text_of(io::read_whole(*file, 1U << 24)));
}

void put(io::Dir& dir, const std::string& name, const std::string& content) {
    std::unique_ptr<io::File> file = dir.create_file(name, 0644);
    file->write_at(view_of(content), 0);
}

int error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Failure& failure) {
        return failure.error();
    }
    return 0;
}

/// What `look` sees after each of many survivals of what `scene` leaves un-synced; scene starts on what `before` made
/// durable.
std::map<std::string, int> outcomes(const Scenario& before, const Scenario& scene,
                                    const std::function<std::string(io::Dir&)>& look) {
    SimDisk disk(prepared(before), 1);
    scene(disk);
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 0; seed < survivals; ++seed) {
        SimDisk after({disk.state().after_power_cut(seed)}, seed);
        ++seen[look(*after.root())];
    }
    return seen;
}

void nothing(SimDisk&) {}

}  // namespace

TEST_CASE("an un-synced write is lost, kept, or torn at sectors", "[sim]") {
    const auto seen = outcomes(
        [](SimDisk& disk) { put(*disk.root(), "f", std::string(3 * 512, 'o')); },
        [](SimDisk& disk) {
            io::open_file(*disk.root(), "f", io::Access::read_write)->write_at(view_of(std::string(3 * 512, 'n')), 0);
        },
        [](io::Dir& root) {
            const std::string all = read_all(root, "f");
            std::string sectors;
            for (std::size_t at = 0; at < all.size(); at += 512) {
                CHECK(all.substr(at, 512) == std::string(512, all[at]));
                sectors += all[at];
            }
            return sectors;
        });
    CHECK(seen.size() == 8);  // every mixture of three sectors
    CHECK(seen.at("nnn") > seen.at("nno"));
}

TEST_CASE("a file may have its size without its data, zeros or stale bytes, but never after a sync", "[sim]") {
    const std::string content(5000, 'n');
    const auto kinds = [&](bool sync) {
        return outcomes(
            [](SimDisk& disk) {
                put(*disk.root(), "f", "");
                disk.root()->sync();
            },
            [&](SimDisk& disk) {
                std::unique_ptr<io::File> file = io::open_file(*disk.root(), "f", io::Access::read_write);
                file->write_at(view_of(content), 0);
                if (sync) file->sync();
            },
            [&](io::Dir& root) -> std::string {
                const std::string all = read_all(root, "f");
                if (all == content) return "kept";
                if (all.empty()) return "lost";
                if (all == std::string(5000, '\0')) return "zeros";
                return all.find_first_not_of(std::string("n\0", 2)) == std::string::npos ? "torn" : "stale";
            });
    };
    CHECK(kinds(false).size() == 5);
    CHECK(kinds(true) == std::map<std::string, int>{{"kept", survivals}});
}

TEST_CASE("names come and go one by one until their directory is synced", "[sim]") {
    const auto names = [](io::Dir& root) {
        std::set<std::string> all;
        for (const io::Listed& one : root.list()) all.insert(one.name);
        std::string text;
        for (const std::string& name : all) text += name;
        return text;
    };
    const auto before = [](SimDisk& disk) {
        put(*disk.root(), "a", "1");
        put(*disk.root(), "b", "2");
    };
    const auto scene = [](SimDisk& disk) {
        std::unique_ptr<io::Dir> root = disk.root();
        root->remove_file("a");
        root->rename("b", *root, "c");
        put(*root, "d", "3");
    };
    const auto seen = outcomes(before, scene, names);
    CHECK(seen.size() == 8);  // each of the three changes alone
    for (const char* one : {"ab", "b", "ac", "abd", "c", "bd", "acd", "cd"}) CHECK(seen.contains(one));
    const auto synced = [&](SimDisk& disk) {
        scene(disk);
        disk.root()->sync();
    };
    CHECK(outcomes(before, synced, names) == std::map<std::string, int>{{"cd", survivals}});
}

TEST_CASE("a rename into another directory is durable with a sync of that one only", "[sim]") {
    const auto before = [](SimDisk& disk) {
        std::unique_ptr<io::Dir> root = disk.root();
        root->make_dir("from", 0755);
        root->make_dir("to", 0755);
        put(*io::open_dir(*root, "from"), "x", "1");
    };
    const auto move = [](SimDisk& disk, const char* synced) {
        std::unique_ptr<io::Dir> root = disk.root();
        std::unique_ptr<io::Dir> to = io::open_dir(*root, "to");
        io::open_dir(*root, "from")->rename("x", *to, "x");
        io::open_dir(*root, synced)->sync();
    };
    const auto look = [](io::Dir& root) {
        return std::string(io::open_dir(root, "from")->stat("x") ? "from" : "") +
               (io::open_dir(root, "to")->stat("x") ? "to" : "");
    };
    CHECK(outcomes(
              before, [&](SimDisk& disk) { move(disk, "to"); }, look) == std::map<std::string, int>{{"to", survivals}});
    const auto either = outcomes(
        before, [&](SimDisk& disk) { move(disk, "from"); }, look);
    CHECK(either.size() == 2);
    CHECK(either.contains("from"));
    CHECK(either.contains("to"));
}

TEST_CASE("an exchange happens or does not", "[sim]") {
    const auto seen = outcomes(
        [](SimDisk& disk) {
            std::unique_ptr<io::Dir> root = disk.root();
            root->make_dir("old", 0755);
            root->make_dir("new", 0755);
            put(*io::open_dir(*root, "new"), "x", "1");
        },
        [](SimDisk& disk) {
            std::unique_ptr<io::Dir> root = disk.root();
            root->exchange("new", *root, "old");
        },
        [](io::Dir& root) {
            return std::string(io::open_dir(root, "old")->stat("x") ? "1" : "0") +
                   (io::open_dir(root, "new")->stat("x") ? "1" : "0");
        });
    CHECK(seen.size() == 2);
    CHECK(seen.contains("10"));
    CHECK(seen.contains("01"));
}

TEST_CASE("directories never end up twice or in a loop", "[sim]") {
    const auto scene = [](SimDisk& disk) {
        std::unique_ptr<io::Dir> root = disk.root();
        root->make_dir("a", 0755);
        std::unique_ptr<io::Dir> a = io::open_dir(*root, "a");
        a->make_dir("b", 0755);
        a->rename("b", *root, "b");
        std::unique_ptr<io::Dir> b = io::open_dir(*root, "b");
        root->rename("a", *b, "a");
        b->rename("a", *root, "c");
    };
    const std::function<std::size_t(io::Dir&)> count = [&](io::Dir& dir) {
        std::size_t all = 0;
        for (const io::Listed& one : dir.list()) all += 1 + count(*io::open_dir(dir, one.name));
        return all;
    };
    const auto seen = outcomes(nothing, scene, [&](io::Dir& root) { return std::to_string(count(root)); });
    for (const auto& [directories, times] : seen) CHECK(std::stoi(directories) <= 2);
    CHECK(seen.size() == 3);
}

TEST_CASE("attributes are lost or kept until a sync", "[sim]") {
    const auto modes = [](bool sync) {
        return outcomes([](SimDisk& disk) { put(*disk.root(), "f", "x"); },
                        [&](SimDisk& disk) {
                            std::unique_ptr<io::File> file = io::open_file(*disk.root(), "f");
                            file->set_mode(0600);
                            file->set_owner(7, 7);
                            file->set_xattr({"user.a", "1"});
                            if (sync) disk.root()->sync_file_system();
                        },
                        [](io::Dir& root) {
                            const io::Stat stat = root.stat("f").value();
                            return std::to_string(stat.mode == 0600) + std::to_string(stat.uid == 7) +
                                   std::to_string(root.xattrs("f").size());
                        });
    };
    CHECK(modes(false).size() == 8);
    CHECK(modes(true) == std::map<std::string, int>{{"111", survivals}});
}

TEST_CASE("a failed sync loses writes that are still read until the power is cut, and the next one lies", "[sim]") {
    const std::string content(8 * 512, 'n');
    std::set<bool> whole;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SimDisk disk(seed);
        std::unique_ptr<io::Dir> root = disk.root();
        put(*root, "f", content);
        root->sync();
        disk.fail({.call = Call::sync, .error = EIO});
        std::unique_ptr<io::File> file = io::open_file(*root, "f", io::Access::read_write);
        CHECK(error_of([&] { file->sync(); }) == EIO);
        CHECK(error_of([&] { file->sync(); }) == EIO);  // poisoned
        CHECK(error_of([&] { io::open_file(*root, "f")->sync(); }) == 0);
        CHECK(read_all(*root, "f") == content);
        disk.power_cut(1);
        whole.insert(read_all(*disk.root(), "f") == content);
    }
    CHECK(whole == std::set<bool>{false, true});
}

TEST_CASE("a failed sync of the whole file system loses writes for ever, and names until the next", "[sim]") {
    std::set<std::pair<bool, bool>> seen;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SimDisk disk(seed);
        put(*disk.root(), "f", "x");
        disk.fail({.call = Call::sync_all});
        CHECK(error_of([&] { disk.root()->sync_file_system(); }) == EIO);
        if (seed % 2 == 0) disk.root()->sync_file_system();
        disk.power_cut(seed % 2);
        const bool there = disk.root()->stat("f").has_value();
        seen.insert({there, there && read_all(*disk.root(), "f") == "x"});
    }
    CHECK(seen == std::set<std::pair<bool, bool>>{{true, false}, {true, true}});
    SimDisk disk;
    put(*disk.root(), "f", "x");
    disk.fail({.call = Call::sync_dir});
    CHECK(error_of([&] { disk.root()->sync(); }) == EIO);
    disk.power_cut(0);
    CHECK_FALSE(disk.root()->stat("f"));
}

TEST_CASE("a full disk takes what fits and says so", "[sim]") {
    SimDisk disk;
    disk.set_capacity(4 * page_size);  // the root takes none
    std::unique_ptr<io::Dir> root = disk.root();
    std::unique_ptr<io::File> file = root->create_file("f", 0644);
    CHECK(error_of([&] { file->write_at(view_of(std::string(5 * page_size, 'x')), 100); }) == ENOSPC);
    CHECK(file->stat().size == 4 * page_size);
    CHECK(root->free_bytes() == 0);
    CHECK(error_of([&] { root->make_dir("d", 0755); }) == ENOSPC);
    file->write_at(view_of("yyy"), 0);  // no new space
    file.reset();
    root->remove_file("f");
    CHECK(root->free_bytes() == 4 * page_size);
    CHECK(root->make_dir("d", 0755));
}

TEST_CASE("a file that is removed while open keeps its space until it is closed", "[sim]") {
    SimDisk disk;
    disk.set_capacity(2 * page_size);
    std::unique_ptr<io::Dir> root = disk.root();
    put(*root, "f", std::string(2 * page_size, 'x'));
    std::unique_ptr<io::File> file = io::open_file(*root, "f");
    root->remove_file("f");
    CHECK(root->free_bytes() == 0);
    file.reset();
    CHECK(root->free_bytes() == 2 * page_size);
}

TEST_CASE("calls fail by rule: kind, path, how many", "[sim]") {
    SimDisk disk;
    std::unique_ptr<io::Dir> root = disk.root();
    root->make_dir("packs", 0755);
    std::unique_ptr<io::Dir> packs = io::open_dir(*root, "packs");
    disk.fail({.call = Call::create, .path = "packs/**", .skip = 1, .times = 2, .error = EACCES});
    CHECK(root->create_file("x", 0644) != nullptr);
    CHECK(packs->create_file("a", 0644) != nullptr);
    CHECK(error_of([&] { packs->create_file("b", 0644); }) == EACCES);
    CHECK(error_of([&] { packs->create_file("b", 0644); }) == EACCES);
    CHECK(packs->create_file("b", 0644) != nullptr);
    disk.fail({.call = Call::write, .error = ENOSPC, .bytes = 3});
    std::unique_ptr<io::File> file = io::open_file(*packs, "a", io::Access::read_write);
    CHECK(error_of([&] { file->write_at(view_of("hello"), 0); }) == ENOSPC);
    CHECK(read_all(*packs, "a") == "hel");
}

TEST_CASE("rot changes bytes and nothing else", "[sim]") {
    SimDisk disk;
    std::unique_ptr<io::Dir> root = disk.root();
    put(*root, "f", std::string(1024, 'a'));
    put(*root, "g", std::string(512, 'b'));
    const Time before = root->stat("f")->mtime;
    disk.flip_bit("f", 3, 1);
    CHECK(read_all(*root, "f") == "aaac" + std::string(1020, 'a'));
    disk.zero("f", 0, 512);
    disk.misdirect({"g", 0}, {"f", 512}, 512);
    CHECK(read_all(*root, "f") == std::string(512, '\0') + std::string(512, 'b'));
    disk.truncate("f", 5);
    CHECK(read_all(*root, "f") == std::string(5, '\0'));
    CHECK(root->stat("f")->mtime == before);
    root->sync_file_system();
    disk.zero("g", 500, 12);
    disk.power_cut(1);
    CHECK(read_all(*disk.root(), "g") == std::string(500, 'b') + std::string(12, '\0'));
}

TEST_CASE("a cut ends every later call of every handle until power returns", "[sim]") {
    SimDisk disk;
    std::unique_ptr<io::Dir> root = disk.root(), other = disk.root(2);
    std::unique_ptr<io::File> file = root->create_file("f", 0644);
    disk.cut_at(1, When::half);
    CHECK_THROWS_AS(file->write_at(view_of("12345678"), 0), PowerCut);
    CHECK_THROWS_AS(root->stat("f"), PowerCut);
    CHECK_THROWS_AS(other->list(), PowerCut);
    CHECK(disk.is_off());
    disk.power_cut(1);
    CHECK_THROWS_AS(root->stat("f"), PowerCut);
    CHECK(read_all(*disk.root(), "f") == "1234");
}

TEST_CASE("a cut before, half or after a step leaves none, half or all of it", "[sim]") {
    const std::pair<When, std::string> expected[] = {{When::before, ""}, {When::half, "12"}, {When::after, "1234"}};
    for (const auto& [when, content] : expected) {
        SimDisk disk;
        std::unique_ptr<io::File> file = disk.root()->create_file("f", 0644);
        disk.cut_at(1, when);
        CHECK_THROWS_AS(file->write_at(view_of("1234"), 0), PowerCut);
        disk.power_cut(1);
        CHECK(read_all(*disk.root(), "f") == content);
    }
}

TEST_CASE("copies taken before each step equal the disk that a cut there leaves", "[sim]") {
    const auto scenario = [](SimDisk& disk) {
        std::unique_ptr<io::Dir> root = disk.root();
        for (int i = 0; i < 3; ++i) {
            put(*root, "f" + std::to_string(i), std::string(3000, static_cast<char>('a' + i)));
            if (i != 1) root->sync();
            root->rename("f" + std::to_string(i), *root, "g" + std::to_string(i));
        }
        root->sync_file_system();
    };
    std::uint64_t compared = 0;
    const CutCount count = for_every_told_cut(scenario, [&](Rebooted& rebooted) {
        SimDisk disk(Image{}, 1);
        disk.cut_at(rebooted.cut().step);
        try {
            scenario(disk);
        } catch (const PowerCut&) {
            ++compared;
        }
        disk.power_cut(rebooted.cut().survival);
        CHECK(disk.state().fingerprint() == rebooted.state().fingerprint());
    });
    CHECK(count.steps == 12);
    CHECK(compared > 2 * count.steps);
}

TEST_CASE("nothing that a copy of a disk does is seen by the other", "[sim]") {
    const Image image = prepared([](SimDisk& disk) { put(*disk.root(), "f", std::string(10000, 'x')); });
    const std::uint64_t before = image.state.fingerprint();
    SimDisk copy(image, 1);
    io::open_file(*copy.root(), "f", io::Access::read_write)->write_at(view_of("y"), 5000);
    copy.root()->remove_file("f");
    CHECK(image.state.fingerprint() == before);
    CHECK(copy.state().fingerprint() != before);
}

TEST_CASE("a reboot gives numbers of lost files to new ones", "[sim]") {
    SimDisk disk;
    put(*disk.root(), "f", "x");
    const std::uint64_t ino = disk.root()->stat("f")->ino;
    disk.power_cut(0);
    CHECK_FALSE(disk.root()->stat("f"));
    put(*disk.root(), "g", "");
    CHECK(disk.root()->stat("g")->ino == ino);
    CHECK(read_all(*disk.root(), "g").empty());
}

}  // namespace ft::sim
