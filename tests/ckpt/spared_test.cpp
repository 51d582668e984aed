// Goal: no restore removes what is mounted in its destination, nor the store that it reads. Method: a directory that
// says of one name that something is mounted there, or whose place is the one to be spared.
#include <set>

#include "libcore/base/failure.h"
#include "libcore/source/tree_remove.h"
#include "tests/catch.h"
#include "tests/ckpt/lab.h"
#include "tests/sim/forwarding.h"

namespace ft::test {
namespace {

/// On every directory called "mnt" in it something is mounted.
class MountedDir final : public sim::ForwardingDir {
public:
    using ForwardingDir::ForwardingDir;
    std::optional<io::Stat> stat(const std::string& name) override {
        std::optional<io::Stat> found = inner_->stat(name);
        if (found && name == "mnt") found->mount_point = true;
        return found;
    }
    std::unique_ptr<io::Dir> find_dir(const std::string& name) override {
        std::unique_ptr<io::Dir> found = inner_->find_dir(name);
        return found ? std::make_unique<MountedDir>(std::move(found)) : nullptr;
    }
};

void put(io::Dir& root, const std::string& path) {
    std::unique_ptr<io::Dir> at = io::open_dir(root, ".");
    std::size_t start = 0;
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', start)) {
        at = io::ensure_dir(*at, path.substr(start, slash - start));
        start = slash + 1;
    }
    REQUIRE(at->create_file(path.substr(start), 0644));
}

source::ObjectId id_of(io::Dir& root, const std::string& dir, const std::string& name) {
    const io::Stat stat = io::open_dir(root, dir)->stat(name).value();
    return {stat.dev, stat.ino};
}

/// A checkpoint of data/{f, mnt/} and a destination in which there is more.
struct Scene {
    explicit Scene(const std::string& saved) {
        lab.write("f", "1");
        for (const char* dir : {"mnt", "kept"}) io::open_dir(lab.root(), "data")->make_dir(dir, 0755);
        if (!saved.empty()) lab.write(saved, "2");
        lab.save("t");
        for (const char* path : {"dest/mnt/theirs", "dest/more/a", "dest/more/b/mnt/theirs", "dest/kept/other"})
            put(lab.root(), path);
    }

    ckpt::RestoreReport restore(const std::optional<source::ObjectId>& own_store = std::nullopt) {
        store::Store& from = lab.store();
        MountedDir parent(io::open_dir(lab.root(), "."));
        Progress progress;
        return ckpt::restore_tree(
            from, {.checkpoint = from.resolve("t"), .powers = {.as_root = true}},
            {.parent = parent, .name = "dest", .placement = ckpt::Placement::in_place, .own_store = own_store},
            lab.disk().clock(), progress);
    }

    Lab lab;
};

}  // namespace

TEST_CASE("removing a tree goes around what is mounted in it, and says so", "[source]") {
    Lab lab;
    for (const char* path : {"tree/a", "tree/b/mnt/theirs", "tree/b/c", "tree/d/e"}) put(lab.root(), path);
    MountedDir root(io::open_dir(lab.root(), "."));
    const source::Removed removed = source::remove_tree_but(root, "tree", std::nullopt);
    CHECK_FALSE(removed.whole);
    REQUIRE(removed.mounted.size() == 1);
    CHECK(removed.mounted.front().ends_with("tree/b/mnt"));
    CHECK(removed.objects == 4);
    CHECK(lab.tree("tree") == Tree{{"b", "<dir>"}, {"b/mnt", "<dir>"}, {"b/mnt/theirs", ""}});
    CHECK_THROWS_AS(source::remove_tree(root, "tree"), Failure);
    CHECK(lab.tree("tree").contains("b/mnt/theirs"));
}

TEST_CASE("removing a tree goes around the directory that is to be spared", "[source]") {
    Lab lab;
    for (const char* path : {"tree/a", "tree/b/kept/f", "tree/b/c"}) put(lab.root(), path);
    const source::ObjectId kept = id_of(lab.root(), "tree", "b");
    CHECK_FALSE(source::remove_tree_but(lab.root(), "tree", kept).whole);
    CHECK(lab.tree("tree") == Tree{{"b", "<dir>"}, {"b/kept", "<dir>"}, {"b/kept/f", ""}, {"b/c", ""}});
    CHECK_THROWS_AS(source::remove_tree(lab.root(), "tree", kept), Failure);
    CHECK(source::remove_tree(lab.root(), "tree") == 5);
}

TEST_CASE("in place leaves alone what is mounted where the checkpoint has an empty directory, or nothing", "[ckpt]") {
    Scene scene("");
    const ckpt::RestoreReport report = scene.restore();
    CHECK(report.incomplete());  // because of dest/more/b/mnt, which the checkpoint does not have at all
    CHECK(scene.lab.tree("dest") == Tree{{"f", "1"},
                                         {"kept", "<dir>"},
                                         {"mnt", "<dir>"},
                                         {"mnt/theirs", ""},
                                         {"more", "<dir>"},
                                         {"more/b", "<dir>"},
                                         {"more/b/mnt", "<dir>"},
                                         {"more/b/mnt/theirs", ""}});
}

TEST_CASE("in place makes equal what is mounted where the checkpoint has something too", "[ckpt]") {
    Scene scene("mnt/ours");
    (void)scene.restore();
    const Tree tree = scene.lab.tree("dest");
    CHECK(tree.at("mnt/ours") == "2");
    CHECK_FALSE(tree.contains("mnt/theirs"));
}

TEST_CASE("in place goes around the store that it reads", "[ckpt]") {
    Scene scene("");
    (void)scene.restore(id_of(scene.lab.root(), "dest", "more"));
    CHECK(scene.lab.tree("dest").contains("more/a"));
    CHECK_FALSE(scene.lab.tree("dest").contains("kept/other"));
    CHECK_THROWS_AS(scene.restore(id_of(scene.lab.root(), "dest", "kept")), Failure);
}

TEST_CASE("a destination that holds the store it is restored from is not exchanged", "[ckpt]") {
    Scene scene("");
    store::Store& from = scene.lab.store();
    const ckpt::TreeDestination to{.parent = scene.lab.root(),
                                   .name = "dest",
                                   .placement = ckpt::Placement::replace,
                                   .own_store = id_of(scene.lab.root(), "dest", "more")};
    const Tree before = scene.lab.tree("dest");
    Progress progress;
    CHECK_THROWS_AS(ckpt::restore_tree(from, {.checkpoint = from.resolve("t"), .powers = {.as_root = true}}, to,
                                       scene.lab.disk().clock(), progress),
                    Failure);
    CHECK(scene.lab.tree("dest") == before);
}

}  // namespace ft::test
