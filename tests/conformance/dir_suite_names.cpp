// Promises on names: what a name may be, what is there, what is missing, what is taken.
#include <algorithm>
#include <cerrno>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/conformance/dir_suite.h"

namespace ft::conformance {

namespace {

using io::Access;
using io::Kind;

/// Every call of Dir that takes a name, as far as names go.
struct NameCall {
    const char* words;
    std::function<void(io::Dir&, const std::string&)> call;
    bool takes_self;  ///< "." is the directory itself
};

std::vector<NameCall> name_calls() {
    return {
        {"find_file", [](auto& d, auto& n) { (void)d.find_file(n, Access::read); }, false},
        {"find_dir", [](auto& d, auto& n) { (void)d.find_dir(n); }, true},
        {"create_file", [](auto& d, auto& n) { (void)d.create_file(n, 0600); }, false},
        {"make_dir", [](auto& d, auto& n) { d.make_dir(n, 0700); }, false},
        {"make_symlink", [](auto& d, auto& n) { d.make_symlink(n, "x"); }, false},
        {"make_node", [](auto& d, auto& n) { d.make_node(n, Kind::fifo, 0600, 0); }, false},
        {"make_link from", [](auto& d, auto& n) { d.make_link(n, d, "new"); }, false},
        {"make_link to", [](auto& d, auto& n) { d.make_link("there", d, n); }, false},
        {"rename from", [](auto& d, auto& n) { d.rename(n, d, "new"); }, false},
        {"rename to", [](auto& d, auto& n) { d.rename("there", d, n); }, false},
        {"rename_new from", [](auto& d, auto& n) { d.rename_new(n, d, "new"); }, false},
        {"rename_new to", [](auto& d, auto& n) { d.rename_new("there", d, n); }, false},
        {"exchange from", [](auto& d, auto& n) { d.exchange(n, d, "there"); }, false},
        {"exchange to", [](auto& d, auto& n) { d.exchange("there", d, n); }, false},
        {"remove_file", [](auto& d, auto& n) { d.remove_file(n); }, false},
        {"remove_dir", [](auto& d, auto& n) { d.remove_dir(n); }, false},
        {"stat", [](auto& d, auto& n) { (void)d.stat(n); }, true},
        {"read_symlink", [](auto& d, auto& n) { (void)d.read_symlink(n); }, false},
        {"set_mode", [](auto& d, auto& n) { d.set_mode(n, 0700); }, true},
        {"set_mtime",
         [](auto& d, auto& n) {
             d.set_mtime(n, {1, 0});
         },
         true},
        {"xattrs", [](auto& d, auto& n) { (void)d.xattrs(n); }, true},
    };
}

void name_is_one_component(io::Dir& dir, const Powers&) {
    put(dir, "there", "content");
    REQUIRE(dir.make_dir("sub", 0700));
    put(*io::open_dir(dir, "sub"), "inner", "content");
    const std::vector<std::string> before = names_in(dir);
    const std::string with_nul("there\0", 6);
    for (const NameCall& name_call : name_calls()) {
        INFO(name_call.words);
        for (const std::string& bad : {std::string(), std::string("/"), std::string(".."), std::string("sub/inner"),
                                       std::string("there/"), std::string("../there"), with_nul}) {
            INFO("name '" << bad << "'");
            CHECK(error_of([&] { name_call.call(dir, bad); }) == EINVAL);
        }
        const int error_for_self = error_of([&] { name_call.call(dir, "."); });
        CHECK(error_for_self == (name_call.takes_self ? 0 : EINVAL));
    }
    auto unnamed = dir.create_unnamed(0600);
    if (unnamed) CHECK(error_of([&] { dir.publish(*unnamed, "sub/new"); }) == EINVAL);
    CHECK(names_in(dir) == before);
    CHECK(names_in(*io::open_dir(dir, "sub")) == std::vector<std::string>{"inner"});
}

void odd_names_are_kept(io::Dir& dir, const Powers&) {
    const std::vector<std::string> odd = {
        std::string(255, 'n'), "new\nline", "\xff\xfe\x80", " ", "...", "-rf", "*", "a\\b", "\x01"};
    for (const std::string& name : odd) {
        put(dir, name, name);
        CHECK(get(dir, name) == name);
        CHECK(dir.stat(name)->size == name.size());
    }
    std::vector<std::string> sorted = odd;
    std::sort(sorted.begin(), sorted.end());
    CHECK(names_in(dir) == sorted);
    CHECK(error_of([&] { (void)dir.create_file(std::string(256, 'n'), 0600); }) == ENAMETOOLONG);
    for (const std::string& name : odd) CHECK(dir.remove_file(name));
}

void missing_is_a_value(io::Dir& dir, const Powers&) {
    CHECK_FALSE(dir.find_file("no", Access::read));
    CHECK_FALSE(dir.find_file("no", Access::read_write));
    CHECK_FALSE(dir.find_dir("no"));
    CHECK_FALSE(dir.stat("no"));
    CHECK_FALSE(dir.remove_file("no"));
    CHECK_FALSE(dir.remove_dir("no"));
    CHECK(error_of([&] { (void)io::open_file(dir, "no"); }) == ENOENT);
    CHECK(error_of([&] { (void)io::open_dir(dir, "no"); }) == ENOENT);
    CHECK(error_of([&] { (void)dir.read_symlink("no"); }) == ENOENT);
    CHECK(error_of([&] { dir.rename("no", dir, "new"); }) == ENOENT);
    CHECK(error_of([&] { dir.rename_new("no", dir, "new"); }) == ENOENT);
    CHECK(error_of([&] { dir.make_link("no", dir, "new"); }) == ENOENT);
    CHECK(error_of([&] { dir.set_mode("no", 0600); }) == ENOENT);
    CHECK(error_of([&] { dir.set_mtime("no", {1, 0}); }) == ENOENT);
    CHECK(error_of([&] { (void)dir.xattrs("no"); }) == ENOENT);
}

void taken_is_a_value(io::Dir& dir, const Powers&) {
    put(dir, "other", "other");
    REQUIRE(dir.make_dir("dir", 0700));
    REQUIRE(dir.make_symlink("dangling", "nowhere"));
    put(dir, "file", "first");
    for (const std::string taken : {"file", "dir", "dangling"}) {
        INFO(taken);
        const auto before = dir.stat(taken);
        CHECK_FALSE(dir.create_file(taken, 0600));
        CHECK_FALSE(dir.make_dir(taken, 0700));
        CHECK_FALSE(dir.make_symlink(taken, "x"));
        CHECK_FALSE(dir.make_node(taken, Kind::fifo, 0600, 0));
        CHECK_FALSE(dir.make_link("other", dir, taken));
        CHECK_FALSE(dir.rename_new("other", dir, taken));
        if (auto unnamed = dir.create_unnamed(0600)) CHECK_FALSE(dir.publish(*unnamed, taken));
        CHECK(dir.stat(taken)->ino == before->ino);
        CHECK(dir.stat(taken)->kind == before->kind);
    }
    CHECK(get(dir, "file") == "first");
    CHECK(get(dir, "other") == "other");
    CHECK(dir.read_symlink("dangling") == "nowhere");
    CHECK_FALSE(dir.stat("nowhere"));
}

void other_kinds_are_failures(io::Dir& dir, const Powers&) {
    put(dir, "file", "x");
    REQUIRE(dir.make_dir("dir", 0700));
    REQUIRE(dir.make_node("fifo", Kind::fifo, 0600, 0));
    put(*io::open_dir(dir, "dir"), "inner", "x");
    // Nobody is at the other end of the fifo: this returns at all only if nothing waits for him.
    CHECK(error_of([&] { (void)dir.find_file("fifo", Access::read); }) == EINVAL);
    CHECK(error_of([&] { (void)dir.find_file("fifo", Access::read_write); }) == EINVAL);
    CHECK(error_of([&] { (void)dir.find_file("dir", Access::read); }) == EISDIR);
    CHECK(error_of([&] { (void)dir.find_file("dir", Access::read_write); }) == EISDIR);
    CHECK(error_of([&] { (void)dir.find_dir("file"); }) == ENOTDIR);
    CHECK(error_of([&] { (void)dir.find_dir("fifo"); }) == ENOTDIR);
    CHECK(error_of([&] { (void)dir.read_symlink("file"); }) == EINVAL);
    CHECK(error_of([&] { dir.remove_file("dir"); }) == EISDIR);
    CHECK(error_of([&] { dir.remove_dir("file"); }) == ENOTDIR);
    CHECK(error_of([&] { dir.remove_dir("dir"); }) == ENOTEMPTY);
    CHECK(names_in(dir) == std::vector<std::string>{"dir", "fifo", "file"});
}

void links_are_not_followed(io::Dir& dir, const Powers&) {
    put(dir, "file", "content");
    REQUIRE(dir.make_dir("dir", 0700));
    REQUIRE(dir.make_symlink("to-file", "file"));
    REQUIRE(dir.make_symlink("to-dir", "dir"));
    dir.set_mtime("file", {1000, 0});

    CHECK(error_of([&] { (void)dir.find_file("to-file", Access::read); }) == ELOOP);
    CHECK(error_of([&] { (void)dir.find_file("to-file", Access::read_write); }) == ELOOP);
    CHECK(error_of([&] { (void)dir.find_dir("to-dir"); }) == ENOTDIR);
    CHECK(dir.stat("to-file")->kind == Kind::symlink);
    CHECK(dir.read_symlink("to-file") == "file");

    dir.set_mtime("to-file", {2000, 5});
    CHECK(dir.stat("to-file")->mtime == Time{2000, 5});
    CHECK(dir.stat("file")->mtime == Time{1000, 0});
    CHECK(error_of([&] { dir.set_mode("to-file", 0644); }) != 0);  // links have no mode
    CHECK(dir.stat("file")->mode == 0600);

    REQUIRE(dir.make_link("to-file", dir, "second"));
    CHECK(dir.stat("second")->kind == Kind::symlink);
    CHECK(dir.stat("file")->links == 1);
    put(dir, "new", "new");
    dir.rename("new", dir, "to-file");
    CHECK(get(dir, "to-file") == "new");
    CHECK(error_of([&] { dir.remove_dir("to-dir"); }) == ENOTDIR);
    CHECK(dir.remove_file("to-dir"));
    CHECK(get(dir, "file") == "content");
    CHECK(dir.stat("dir"));
}

void all_names_are_listed(io::Dir& dir, const Powers&) {
    CHECK(dir.list().empty());
    constexpr int many = 10000;
    put(dir, "a file", "");
    std::vector<std::string> expected{"a file"};
    while (expected.size() < many) {
        expected.push_back("a rather long name " + std::to_string(expected.size()));
        REQUIRE(dir.make_link("a file", dir, expected.back()));  // as many files would take ext4 seconds to make
    }
    std::sort(expected.begin(), expected.end());
    CHECK(names_in(dir) == expected);
    CHECK(names_in(dir) == expected);  // a second time through the same handle
    REQUIRE(dir.remove_file(expected.front()));
    expected.erase(expected.begin());
    CHECK(names_in(dir) == expected);
}

void kinds_are_listed_right_or_not_at_all(io::Dir& dir, const Powers&) {
    put(dir, "file", "");
    REQUIRE(dir.make_dir("dir", 0700));
    REQUIRE(dir.make_symlink("symlink", "x"));
    REQUIRE(dir.make_node("fifo", Kind::fifo, 0600, 0));
    REQUIRE(dir.make_node("socket", Kind::socket, 0600, 0));
    const std::vector<io::Listed> listed = dir.list();
    CHECK(listed.size() == 5);
    for (const io::Listed& one : listed) {
        INFO(one.name);
        CHECK(one.kind.value_or(dir.stat(one.name)->kind) == dir.stat(one.name)->kind);
    }
    CHECK(dir.stat("file")->kind == Kind::file);
    CHECK(dir.stat("dir")->kind == Kind::dir);
    CHECK(dir.stat("fifo")->kind == Kind::fifo);
    CHECK(dir.stat("socket")->kind == Kind::socket);
}

void depth_has_no_end(io::Dir& dir, const Powers& powers) {
    // 24 * 255 bytes: no system call would take the whole path.
    const std::string name(255, 'd');
    std::unique_ptr<io::Dir> at = io::ensure_dir(dir, name);
    for (int depth = 1; depth < 24; ++depth) at = io::ensure_dir(*at, name);
    put(*at, "bottom", "deep");
    CHECK(get(*at, "bottom") == "deep");
    at->set_mode("bottom", 0640);
    at->set_mtime("bottom", {5, 6});
    CHECK(at->stat("bottom")->mode == 0640);
    CHECK(at->stat("bottom")->mtime == Time{5, 6});
    if (powers.user_xattrs) {
        at->set_xattr("bottom", {"user.note", "deep"});
        CHECK(at->xattrs("bottom") == std::vector<io::Xattr>{{"user.note", "deep"}});
    }
    CHECK_FALSE(at->path().empty());
    at->rename("bottom", dir, "top");
    CHECK(get(dir, "top") == "deep");
    CHECK(at->list().empty());
}

void self_is_a_further_handle(io::Dir& dir, const Powers&) {
    auto self = dir.find_dir(".");
    REQUIRE(self);
    put(*self, "file", "x");
    CHECK(names_in(dir) == std::vector<std::string>{"file"});
    CHECK(self->stat(".")->ino == dir.stat(".")->ino);
    CHECK(dir.stat(".")->kind == Kind::dir);
}

void ensured_is_there(io::Dir& dir, const Powers&) {
    put(*io::ensure_dir(dir, "sub", 0750), "file", "x");
    CHECK(names_in(*io::ensure_dir(dir, "sub")) == std::vector<std::string>{"file"});
    CHECK(dir.stat("sub")->mode == 0750);
    put(dir, "file", "x");
    CHECK(error_of([&] { (void)io::ensure_dir(dir, "file"); }) == ENOTDIR);
}

}  // namespace

std::vector<Promise> promises_on_names() {
    return {{"a name is a single component, all else is refused", name_is_one_component},
            {"names of 255 bytes, line ends and bytes that are not UTF-8 are names", odd_names_are_kept},
            {"a missing name is a value where one looks, a failure where one needs it", missing_is_a_value},
            {"a taken name is a value and stays as it was", taken_is_a_value},
            {"another kind of object is a failure, and nothing waits for it", other_kinds_are_failures},
            {"no symbolic link is followed", links_are_not_followed},
            {"10000 names are listed, each time anew", all_names_are_listed},
            {"a listed kind is the kind that stat says", kinds_are_listed_right_or_not_at_all},
            {"directories nest beyond PATH_MAX", depth_has_no_end},
            {"'.' is the directory itself", self_is_a_further_handle},
            {"ensure_dir makes a directory once", ensured_is_there}};
}

}  // namespace ft::conformance
