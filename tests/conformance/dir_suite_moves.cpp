// Promises on names that come, go and change places: rename, exchange, links, publish.
#include <cerrno>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/conformance/dir_suite.h"

namespace ft::conformance {

namespace {

void rename_replaces(io::Dir& dir, const Powers&) {
    auto sub = io::ensure_dir(dir, "sub");
    put(dir, "new", "new");
    put(*sub, "file", "old");
    auto old = io::open_file(*sub, "file");
    dir.rename("new", *sub, "file");
    CHECK(get(*sub, "file") == "new");
    CHECK_FALSE(dir.stat("new"));
    CHECK(content_of(*old) == "old");  // who had it open keeps it

    put(*io::ensure_dir(*sub, "inner"), "deep", "deep");
    sub->rename("inner", dir, "moved");
    CHECK(get(*io::open_dir(dir, "moved"), "deep") == "deep");
    CHECK(names_in(*sub) == std::vector<std::string>{"file"});
    CHECK(error_of([&] { dir.rename("sub", dir, "moved"); }) != 0);  // not empty: ENOTEMPTY or EEXIST
    CHECK(error_of([&] { sub->rename("file", dir, "moved"); }) == EISDIR);
}

void rename_new_never_replaces(io::Dir& dir, const Powers&) {
    auto sub = io::ensure_dir(dir, "sub");
    put(dir, "file", "content");
    CHECK(dir.rename_new("file", *sub, "file"));
    CHECK_FALSE(dir.stat("file"));
    put(dir, "file", "second");
    CHECK_FALSE(dir.rename_new("file", *sub, "file"));
    CHECK(get(*sub, "file") == "content");
    CHECK(get(dir, "file") == "second");
    CHECK_FALSE(dir.rename_new("sub", dir, "file"));
    CHECK(dir.rename_new("sub", dir, "dir"));
    CHECK(names_in(dir) == std::vector<std::string>{"dir", "file"});
}

void exchange_swaps(io::Dir& dir, const Powers& powers) {
    auto sub = io::ensure_dir(dir, "sub");
    put(dir, "a", "file");
    put(*io::ensure_dir(*sub, "b"), "inner", "dir");
    if (!powers.exchange) {
        CHECK_FALSE(dir.exchange("a", *sub, "b"));
        CHECK(get(dir, "a") == "file");
        return;
    }
    CHECK(dir.exchange("a", *sub, "b"));
    CHECK(get(*sub, "b") == "file");
    CHECK(get(*io::open_dir(dir, "a"), "inner") == "dir");
    CHECK(error_of([&] { dir.exchange("a", dir, "no"); }) == ENOENT);
    CHECK(names_in(dir) == std::vector<std::string>{"a", "sub"});
}

void hard_links_share(io::Dir& dir, const Powers&) {
    auto sub = io::ensure_dir(dir, "sub");
    put(dir, "one", "content");
    CHECK(dir.stat("one")->links == 1);
    REQUIRE(dir.make_link("one", *sub, "two"));
    CHECK(dir.stat("one")->links == 2);
    CHECK(sub->stat("two")->ino == dir.stat("one")->ino);
    io::open_file(*sub, "two", io::Access::read_write)->write_at(view_of("C"), 0);
    CHECK(get(dir, "one") == "Content");
    CHECK(dir.remove_file("one"));
    CHECK(get(*sub, "two") == "Content");
    CHECK(sub->stat("two")->links == 1);
    CHECK(error_of([&] { dir.make_link("sub", dir, "hard"); }) == EPERM);  // a directory has one name
}

void handles_outlive_names(io::Dir& dir, const Powers&) {
    put(dir, "file", "content");
    auto file = io::open_file(dir, "file", io::Access::read_write);
    auto sub = io::ensure_dir(dir, "sub");
    dir.rename("file", *sub, "elsewhere");
    file->write_at(view_of("C"), 0);
    CHECK(get(*sub, "elsewhere") == "Content");
    REQUIRE(sub->remove_file("elsewhere"));
    CHECK(content_of(*file) == "Content");
    CHECK(file->stat().links == 0);
    REQUIRE(dir.remove_dir("sub"));
    CHECK(sub->list().empty());
    CHECK(error_of([&] { (void)sub->create_file("new", 0600); }) == ENOENT);
}

void unnamed_is_published_whole(io::Dir& dir, const Powers& powers) {
    auto file = dir.create_unnamed(0640);
    CHECK(static_cast<bool>(file) == powers.unnamed);
    if (!file) return;
    file->write_at(view_of("content"), 0);
    CHECK(dir.list().empty());
    auto sub = io::ensure_dir(dir, "sub");
    REQUIRE(sub->publish(*file, "file"));
    CHECK(get(*sub, "file") == "content");
    CHECK(sub->stat("file")->mode == 0640);
    CHECK(sub->stat("file")->ino == file->stat().ino);
    CHECK(sub->stat("file")->links == 1);
    CHECK_FALSE(file->path().empty());
}

void unnamed_vanishes(io::Dir& dir, const Powers&) {
    if (auto file = dir.create_unnamed(0600)) file->write_at(view_of("content"), 0);
    CHECK(dir.list().empty());
}

void symlinks_keep_their_target(io::Dir& dir, const Powers&) {
    for (const std::string& target :
         {std::string("/absolute"), std::string("../up"), std::string("a\nb\xff"), std::string(4095, 't')}) {
        REQUIRE(dir.make_symlink("link", target));
        CHECK(dir.read_symlink("link") == target);
        CHECK(dir.stat("link")->size == target.size());
        REQUIRE(dir.remove_file("link"));
    }
}

void syncs_return(io::Dir& dir, const Powers&) {
    put(dir, "file", "content");
    auto file = io::open_file(dir, "file", io::Access::read_write);
    file->start_writeback(0, 7);
    file->sync();
    dir.sync();
    dir.sync_file_system();
    CHECK(get(dir, "file") == "content");
    CHECK(dir.free_bytes() > 0);
}

}  // namespace

std::vector<Promise> promises_on_moves() {
    return {{"rename replaces, across directories too", rename_replaces},
            {"rename_new never replaces", rename_new_never_replaces},
            {"exchange swaps two names of any kind", exchange_swaps},
            {"hard links share one file", hard_links_share},
            {"a handle stays with its object when names change", handles_outlive_names},
            {"an unnamed file is not there until it is published, then whole", unnamed_is_published_whole},
            {"an unnamed file vanishes with its handle", unnamed_vanishes},
            {"a symbolic link keeps its target to the byte", symlinks_keep_their_target},
            {"the syncs of healthy objects return", syncs_return}};
}

}  // namespace ft::conformance
