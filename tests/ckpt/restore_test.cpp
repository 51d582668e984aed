#include <set>

#include "libcore/base/failure.h"
#include "libcore/ckpt/beside.h"
#include "tests/catch.h"
#include "tests/ckpt/lab.h"

namespace ft::test {
namespace {

ckpt::RestoreReport in_place(Lab& lab, const std::string& selector, const std::string& destination,
                             bool trust_times = false) {
    store::Store& from = lab.store();
    Progress progress;
    return ckpt::restore_tree(
        from, {.checkpoint = from.resolve(selector), .powers = {.as_root = true}},
        {.parent = lab.root(), .name = destination, .placement = ckpt::Placement::in_place, .trust_times = trust_times},
        lab.disk().clock(), progress);
}

void put(Lab& lab, const std::string& dir, const std::string& name, const std::string& content) {
    const std::unique_ptr<io::Dir> at = io::open_dir(lab.root(), dir);
    std::unique_ptr<io::File> file = at->find_file(name, io::Access::read_write);
    if (!file) file = at->create_file(name, 0644);
    file->set_size(content.size());
    file->write_at(view_of(content), 0);
}

std::uint64_t inode(Lab& lab, const std::string& dir, const std::string& name) {
    return io::open_dir(lab.root(), dir)->stat(name)->ino;
}

std::set<std::string> names_in(io::Dir& dir) {
    std::set<std::string> names;
    for (const io::Listed& one : dir.list()) names.insert(one.name);
    return names;
}

/// Of the file "f" in a directory.
std::string content_of(io::Dir& root, const std::string& dir) {
    return std::string(text_of(io::read_whole(*io::open_file(*io::open_dir(root, dir), "f"), 100)));
}

}  // namespace

TEST_CASE("a destination that exists is refused, and nothing is left beside it", "[ckpt]") {
    Lab lab;
    lab.write("f", "1");
    lab.save("t");
    const std::size_t before = lab.root().list().size();
    CHECK_THROWS_AS(lab.restore("t", "data"), Failure);
    CHECK(lab.root().list().size() == before);
    lab.root().make_dir("empty", 0755);
    lab.restore("t", "empty");
    CHECK(lab.tree("empty") == lab.tree("data"));
    CHECK(lab.root().list().size() == before + 1);
}

TEST_CASE("replace exchanges the destination and leaves nothing beside it", "[ckpt]") {
    Lab lab;
    lab.write("f", "1");
    const Tree old = lab.tree("data");
    lab.save("t");
    lab.write("f", "2");
    lab.write("g", "3");
    const std::size_t before = lab.root().list().size();
    lab.restore("t", "data", ckpt::Placement::replace);
    CHECK(lab.tree("data") == old);
    CHECK(lab.root().list().size() == before);
}

TEST_CASE("in place writes only what differs, keeps inodes and removes what is too much", "[ckpt]") {
    Lab lab;
    for (int i = 0; i < 20; ++i) lab.write("d/f" + std::to_string(i), noise(static_cast<std::uint64_t>(i), 100'000));
    lab.write("large", noise(99, 6'000'000));
    lab.save("t");
    const Tree saved = lab.tree("data");
    const std::uint64_t ino = inode(lab, "data", "large");
    std::string changed = noise(99, 6'000'000);
    changed[3'000'000] ^= 1;
    put(lab, "data", "large", changed);
    put(lab, "data", "extra", "x");
    lab.remove("d/f3");
    const ckpt::RestoreReport report = in_place(lab, "t", "data");
    CHECK(lab.tree("data") == saved);
    CHECK(inode(lab, "data", "large") == ino);
    CHECK(report.bytes_written < 100'000 + 300'000);
    CHECK(report.removed == 1);
    CHECK(report.files_kept == 19);
    CHECK_FALSE(ckpt::unfinished_restore(lab.root(), "data"));
}

TEST_CASE("in place mends files of every state side by side, and touches no others", "[ckpt]") {
    Lab lab;
    for (std::uint64_t i = 0; i < 80; ++i) lab.write("d/" + std::to_string(i), noise(i, 100 + 100 * (i % 9)));
    lab.save("t");
    lab.restore("t", "out");
    const std::unique_ptr<io::Dir> d = io::open_dir(*io::open_dir(lab.root(), "out"), "d");
    std::map<int, std::uint64_t> kept;
    for (int i = 0; i < 80; ++i) {
        const std::string name = std::to_string(i);
        if (i % 5 != 0) kept[i] = d->stat(name)->ino;
        if (i % 5 == 0) d->remove_file(name);
        if (i % 15 == 0) (void)d->make_symlink(name, "elsewhere");
        if (i % 5 == 1) open_file(*d, name, io::Access::read_write)->write_at(view_of(std::string("!")), 7);
        if (i % 5 == 2) open_file(*d, name, io::Access::read_write)->set_size(50);
    }
    const ckpt::RestoreReport report = in_place(lab, "t", "out");
    CHECK(lab.tree("out") == lab.tree("data"));
    CHECK(report.files_kept == 32);
    for (const auto& [i, ino] : kept) CHECK(d->stat(std::to_string(i))->ino == ino);
}

TEST_CASE("in place sees a change of the same size and time unless told to trust times", "[ckpt]") {
    Lab lab;
    lab.write("f", "aaaa");
    lab.save("t");
    const Time mtime = io::open_dir(lab.root(), "data")->stat("f")->mtime;
    put(lab, "data", "f", "bbbb");
    io::open_dir(lab.root(), "data")->set_mtime("f", mtime);
    in_place(lab, "t", "data", true);
    CHECK(lab.tree("data").at("f") == "bbbb");
    in_place(lab, "t", "data");
    CHECK(lab.tree("data").at("f") == "aaaa");
}

TEST_CASE("in place replaces objects of another kind", "[ckpt]") {
    Lab lab;
    lab.write("a/f", "1");
    lab.write("b", "2");
    const std::unique_ptr<io::Dir> data = io::open_dir(lab.root(), "data");
    data->make_symlink("l", "b");
    lab.save("t");
    const Tree saved = lab.tree("data");
    data->remove_file("l");
    data->make_dir("l", 0755);
    io::open_dir(*data, "l")->create_file("x", 0644);
    data->remove_file("b");
    data->make_dir("b", 0755);
    source::remove_tree(*data, "a");
    put(lab, "data", "a", "was a directory");
    in_place(lab, "t", "data");
    CHECK(lab.tree("data") == saved);
}

TEST_CASE("in place never writes to an inode that has a name elsewhere", "[ckpt]") {
    Lab lab;
    lab.write("f", "saved");
    lab.save("t");
    const std::unique_ptr<io::Dir> data = io::open_dir(lab.root(), "data");
    put(lab, "data", "f", "other");
    CHECK(data->make_link("f", lab.root(), "backup"));
    in_place(lab, "t", "data");
    CHECK(lab.tree("data").at("f") == "saved");
    CHECK(text_of(io::read_whole(*io::open_file(lab.root(), "backup"), 100)) == "other");
}

TEST_CASE("in place keeps hard links that are right and mends those that are not", "[ckpt]") {
    Lab lab;
    lab.write("a", "linked");
    const std::unique_ptr<io::Dir> data = io::open_dir(lab.root(), "data");
    CHECK(data->make_link("a", *data, "b"));
    lab.write("c", "alone");
    lab.save("t");
    put(lab, "data", "a", "LINKED");  // through both names
    data->remove_file("c");
    CHECK(data->make_link("a", *data, "c"));
    in_place(lab, "t", "data");
    CHECK(inode(lab, "data", "a") == inode(lab, "data", "b"));
    CHECK(inode(lab, "data", "c") != inode(lab, "data", "a"));
    CHECK(lab.tree("data") == Tree{{"a", "linked"}, {"b", "linked"}, {"c", "alone"}});
    put(lab, "data", "b", "LINKED");
    const std::uint64_t shared = inode(lab, "data", "a");
    in_place(lab, "t", "data");
    CHECK(inode(lab, "data", "a") == shared);
    CHECK(lab.tree("data").at("b") == "linked");
}

TEST_CASE("holes come back as holes, in place too", "[ckpt]") {
    Lab lab;
    lab.write("sparse", "");
    const std::unique_ptr<io::Dir> data = io::open_dir(lab.root(), "data");
    const std::unique_ptr<io::File> file = data->find_file("sparse", io::Access::read_write);
    file->write_at(view_of(noise(1, 8192)), 65536);
    file->set_size(1 << 20);
    lab.disk().clock().sleep(std::chrono::seconds(1));
    lab.save("t");
    const auto holes = [&](const std::string& dir) {
        const std::unique_ptr<io::File> copy = io::open_file(*io::open_dir(lab.root(), dir), "sparse");
        const std::optional<io::Extent> first = copy->next_data(0);
        return first && first->start == 65536 && first->end == 65536 + 8192 && !copy->next_data(first->end) &&
               copy->stat().size == 1 << 20;
    };
    REQUIRE(holes("data"));
    lab.restore("t", "out");
    CHECK(holes("out"));
    put(lab, "out", "sparse", noise(2, 200'000));
    in_place(lab, "t", "out");
    CHECK(holes("out"));
    CHECK(lab.tree("out") == lab.tree("data"));
}

TEST_CASE("a tree whose restore was interrupted is not saved", "[ckpt]") {
    Lab lab;
    lab.write("f", "1");
    lab.save("t");
    put(lab, "data", "f", "2");
    // As a power cut in the middle would leave it.
    const std::unique_ptr<io::File> mark = lab.root().create_file(".data.ft-unfinished", 0644);
    mark->write_at(view_of("t@1 of store\n"), 0);
    CHECK_THROWS_AS(lab.save("t"), Failure);
    in_place(lab, "t", "data");
    CHECK(lab.save("t").sequence == 2);
}

TEST_CASE("a mark that a foreign hand emptied still forbids the save", "[ckpt]") {
    Lab lab;
    lab.write("f", "1");
    (void)lab.root().create_file(".data.ft-unfinished", 0644);
    CHECK(ckpt::unfinished_restore(lab.root(), "data") == "a checkpoint that it does not name");
    CHECK_THROWS_AS(lab.save("t"), Failure);
}

TEST_CASE("a restore that fails leaves beside its destination nothing but the mark of an unfinished one", "[ckpt]") {
    Lab lab;
    lab.write("f", noise(1, 5000));
    lab.save("t");
    put(lab, "data", "f", "2");
    for (const ckpt::Placement placement :
         {ckpt::Placement::fresh, ckpt::Placement::replace, ckpt::Placement::in_place}) {
        lab.disk().fail({.call = sim::Call::sync_all});
        const bool fresh = placement == ckpt::Placement::fresh;
        CHECK_THROWS_AS(lab.restore("t", fresh ? "out" : "data", placement), Failure);
        std::set<std::string> expected{"data", "store"};
        if (placement == ckpt::Placement::in_place) expected.insert(".data.ft-unfinished");
        CHECK(names_in(lab.root()) == expected);
    }
}

TEST_CASE("a replace whose exchange may not be durable keeps both trees", "[ckpt]") {
    Lab lab;
    lab.write("f", "old");
    lab.save("t");
    lab.write("f", "new");
    lab.disk().root()->sync_file_system();
    lab.disk().fail({.call = sim::Call::sync_dir, .path = ""});
    std::string said;
    try {
        lab.restore("t", "data", ckpt::Placement::replace);
    } catch (const Failure& failure) {
        said = failure.parts().todo;
    }
    CHECK(said.ends_with("/data is restored, but a power failure may undo that"));
    CHECK(content_of(*lab.disk().root(), "data") == "old");
    lab.disk().power_cut(0);
    CHECK(content_of(*lab.disk().root(), "data") == "new");
}

TEST_CASE("a part comes back with the directories that lead to it", "[ckpt]") {
    Lab lab;
    lab.write("a/b/wanted", "1");
    lab.write("a/b/other", "2");
    lab.write("c/wanted", "3");
    lab.save("t");
    store::Store& from = lab.store();
    Progress progress;
    (void)ckpt::restore_tree(from, {.checkpoint = {"t", 1}, .only = {"a/b/wanted"}, .powers = {.as_root = true}},
                             {.parent = lab.root(), .name = "out"}, lab.disk().clock(), progress);
    CHECK(lab.tree("out") == Tree{{"a", "<dir>"}, {"a/b", "<dir>"}, {"a/b/wanted", "1"}});
    CHECK_THROWS_AS(ckpt::restore_tree(from, {.checkpoint = {"t", 1}, .only = {"nowhere"}, .powers = {.as_root = true}},
                                       {.parent = lab.root(), .name = "out2"}, lab.disk().clock(), progress),
                    Failure);
}

TEST_CASE("a part that holds a later name of a hard link brings its content", "[ckpt]") {
    Lab lab;
    lab.write("first", "content");
    lab.write("d/x", "");
    const std::unique_ptr<io::Dir> data = io::open_dir(lab.root(), "data");
    CHECK(data->make_link("first", *io::open_dir(*data, "d"), "zlast"));
    lab.save("t");
    store::Store& from = lab.store();
    Progress progress;
    (void)ckpt::restore_tree(from, {.checkpoint = {"t", 1}, .only = {"first"}, .powers = {.as_root = true}},
                             {.parent = lab.root(), .name = "out"}, lab.disk().clock(), progress);
    CHECK(lab.tree("out") == Tree{{"first", "content"}});
}

TEST_CASE("diff tells what was added, removed and changed", "[ckpt]") {
    Lab lab;
    lab.write("a", "1");
    lab.write("b", "2");
    lab.write("c", "3");
    lab.save("t");
    lab.remove("a");
    lab.write("b", "two");
    lab.write("d", "4");
    const auto letters = [](std::vector<ckpt::Difference> all) {
        std::string text;
        for (const ckpt::Difference& one : all)
            if (one.path != ".") text += "+-ca!"[static_cast<int>(one.change)] + one.path + " ";
        return text;
    };
    std::vector<ckpt::Difference> with_tree, between;
    const Progress progress;
    ckpt::diff_tree(lab.store(), {"t", 1}, lab.disk().root(), "data", 0,
                    {[&](const ckpt::Difference& d) { with_tree.push_back(d); }, progress});
    CHECK(letters(with_tree) == "-a cb +d ");
    lab.save("t");
    ckpt::diff_checkpoints(lab.store(), {"t", 1}, {"t", 2},
                           {[&](const ckpt::Difference& d) { between.push_back(d); }, progress});
    CHECK(letters(between) == "-a cb +d ");
}

TEST_CASE("a diff that is asked to stop tells no more differences", "[ckpt]") {
    Lab lab;
    for (const char* name : {"a", "b", "c"}) lab.write(name, "1");
    lab.save("t");
    for (const char* name : {"a", "b", "c"}) lab.write(name, "2");
    lab.save("t");
    Progress progress;
    std::size_t told = 0;
    const auto each = [&](const ckpt::Difference&) {
        ++told;
        progress.stop = true;
    };
    CHECK_THROWS_AS(ckpt::diff_tree(lab.store(), {"t", 1}, lab.disk().root(), "data", 0, {each, progress}), Failure);
    CHECK(told == 1);
    progress.stop = false;
    CHECK_THROWS_AS(ckpt::diff_checkpoints(lab.store(), {"t", 1}, {"t", 2}, {each, progress}), Failure);
    CHECK(told == 2);
}

}  // namespace ft::test
