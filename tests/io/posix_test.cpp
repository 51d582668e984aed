// Goal: what only the machine's disk has: paths of users, processes that hold locks, rights that are missing.
#include "libcore/io/posix.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "tests/catch.h"
#include "tests/io/child.h"
#include "tests/io/scratch.h"

namespace ft::io {

namespace {

int error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Failure& failure) {
        return failure.error();
    }
    return 0;
}

bool is_same(Dir& one, Dir& other) { return one.stat(".")->ino == other.stat(".")->ino; }

}  // namespace

TEST_CASE("a root is found, missing, or a failure", "[io][posix]") {
    const ScratchFolder scratch;
    auto root = find_root(scratch.path());
    REQUIRE(root);
    CHECK(root->path() == scratch.path());
    CHECK_FALSE(find_root(scratch.path() + "/missing"));
    CHECK_FALSE(find_root(""));
    CHECK(error_of([&] { (void)open_root(scratch.path() + "/missing"); }) == ENOENT);
    REQUIRE(root->create_file("file", 0600));
    CHECK(error_of([&] { (void)find_root(scratch.path() + "/file"); }) == ENOTDIR);
    REQUIRE(root->make_symlink("link", "."));
    CHECK(is_same(*open_root(scratch.path() + "/link/link/"), *root));
}

TEST_CASE("a root is made with all its ancestors", "[io][posix]") {
    const ScratchFolder scratch;
    auto made = make_root(scratch.path() + "/a//b/./c", true);
    CHECK(made->path() == scratch.path() + "/a/b/c");
    CHECK(made->stat(".")->mode == 0700);
    REQUIRE(made->create_file("file", 0600));
    CHECK(make_root(scratch.path() + "/a/b/c")->list().size() == 1);
    CHECK(is_same(*make_root(scratch.path() + "/a/b/../b/c/"), *made));

    auto root = open_root(scratch.path());
    REQUIRE(root->make_symlink("link", "a"));
    CHECK(is_same(*make_root(scratch.path() + "/link/b/c"), *made));
    REQUIRE(make_root(scratch.path() + "/link/new"));
    CHECK(open_dir(*root, "a")->stat("new"));
}

TEST_CASE("a root that cannot be made is a failure that names what is in its way", "[io][posix]") {
    const ScratchFolder scratch;
    auto root = open_root(scratch.path());
    REQUIRE(root->create_file("file", 0600));
    REQUIRE(root->make_symlink("dangling", "nowhere"));
    CHECK(error_of([&] { (void)make_root(scratch.path() + "/file/sub"); }) == ENOTDIR);
    CHECK(error_of([&] { (void)make_root(scratch.path() + "/dangling"); }) == ENOENT);
    CHECK(error_of([&] { (void)make_root(""); }) == ENOENT);
    CHECK(error_of([&] { (void)make_root(scratch.path() + "/" + std::string(256, 'x')); }) == ENAMETOOLONG);
    CHECK(root->list().size() == 2);
}

TEST_CASE("paths longer than PATH_MAX are opened and made", "[io][posix]") {
    const ScratchFolder scratch;
    std::string path = scratch.path();
    while (path.size() < 20000) path += "/" + std::string(200, 'd');
    make_root(path)->make_symlink("here", "x");
    CHECK(open_root(path)->stat("here"));
    CHECK(open_root(path + "///")->stat("here"));
    CHECK_FALSE(find_root(path + "/missing"));
    CHECK(locate(path + "/here").dir->read_symlink("here") == "x");
    CHECK(open_root(path)->path().size() <= 4096);  // messages stay readable
    CHECK(error_of([&] { (void)find_root("/" + std::string(5000, 'x')); }) == ENAMETOOLONG);
}

TEST_CASE("an object is located by its directory and its name", "[io][posix]") {
    const ScratchFolder scratch;
    auto root = open_root(scratch.path());
    REQUIRE(root->make_dir("dir", 0700));
    REQUIRE(root->make_symlink("link", "dir"));
    auto dir = open_dir(*root, "dir");
    struct Case {
        std::string path, name;
        Dir& in;
    };
    const std::vector<Case> cases = {
        {"/dir", "dir", *root},          {"/dir/", "dir", *root},  {"/missing", "missing", *root},
        {"/missing/", "missing", *root}, {"/link", "link", *root}, {"/link/", ".", *dir},
        {"/link/x", "x", *dir},          {"/dir/.", ".", *dir},    {"/dir/..", ".", *root}};
    for (const Case& one : cases) {
        INFO(one.path);
        const Located located = locate(scratch.path() + one.path);
        CHECK(located.name == one.name);
        CHECK(is_same(*located.dir, one.in));
    }
    CHECK(locate("/").name == ".");
    CHECK(locate("name").name == "name");
    CHECK(is_same(*locate("name").dir, *open_root(".")));
    CHECK(locate("/name").dir->path() == "/");
    CHECK(error_of([] { (void)locate("/no such directory/name"); }) == ENOENT);
    CHECK(error_of([] { (void)locate(""); }) == ENOENT);
}

TEST_CASE("who holds a lock is named", "[io][posix]") {
    const ScratchFolder scratch;
    auto root = open_root(scratch.path());
    auto file = root->create_file("lock", 0600);
    CHECK(lock_holder(*file) == "another process");
    REQUIRE(file->try_lock(Lock::exclusive));
    const std::string me = "pid " + std::to_string(::getpid());
    CHECK(lock_holder(*file).substr(0, me.size() + 2) == me + " (");
    const Ended ended = run_in_child([&] {
        auto again = open_file(*open_root(scratch.path()), "lock", Access::read_write);
        return !again->try_lock(Lock::shared) && lock_holder(*again).starts_with(me);
    });
    CHECK(ended.code == 0);
    CHECK_FALSE(ended.signal);
}

TEST_CASE("a directory that may only be passed through is passed through", "[io][posix]") {
    const ScratchFolder scratch;
    auto root = open_root(scratch.path());
    root->set_mode(".", 0755);
    auto hidden = ensure_dir(*root, "hidden");
    REQUIRE(hidden->make_dir("open", 0755));
    hidden->set_mode(".", 0111);
    const Ended ended = run_without_rights([&] {
        auto passed = open_dir(*open_root(scratch.path()), "hidden");
        return error_of([&] { (void)passed->list(); }) == EACCES && error_of([&] { passed->sync(); }) == EACCES &&
               passed->stat(".")->mode == 0111 && passed->xattrs(".").empty() && passed->find_dir("open") != nullptr &&
               locate(scratch.path() + "/hidden/open").dir->stat("open") && make_root(scratch.path() + "/hidden/open");
    });
    CHECK(ended.code == 0);
    hidden->set_mode(".", 0700);
}

TEST_CASE("files of other owners are read although their times may not be spared", "[io][posix]") {
    const Ended ended = run_without_rights([] {
        auto etc = open_root("/etc");
        for (int i = 0; i < 2; ++i)
            if (read_whole(*open_file(*etc, "passwd"), 1U << 24).empty()) return false;
        return error_of([&] { (void)etc->find_file("passwd", Access::read_write); }) == EACCES;
    });
    CHECK(ended.code == 0);
}

TEST_CASE("reading an own file leaves its time of access alone", "[io][posix]") {
    const ScratchFolder scratch;
    auto root = open_root(scratch.path());
    root->create_file("file", 0600)->write_at(view_of("x"), 0);
    const std::string path = scratch.path() + "/file";
    const timespec old[2] = {{.tv_sec = 1000, .tv_nsec = 0}, {.tv_sec = 2000, .tv_nsec = 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), old, 0) == 0);
    CHECK(read_whole(*open_file(*root, "file"), 10).size() == 1);
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK(found.st_atim.tv_sec == 1000);
}

TEST_CASE("mount points, memory file systems and files without a size are told", "[io][posix]") {
    auto root = open_root("/");
    CHECK(root->stat("proc")->mount_point);
    CHECK(open_root("/proc")->stat(".")->mount_point);
    CHECK_FALSE(root->stat("etc")->mount_point);
    CHECK_FALSE(open_root("/dev/shm")->on_disk());
    auto status = open_file(*open_root("/proc/self"), "status");
    CHECK(status->stat().size == 0);
    CHECK(text_of(read_whole(*status, 1U << 16)).starts_with("Name:"));
    CHECK(error_of([] { (void)open_root("/dev")->find_file("null", Access::read); }) == EINVAL);
}

TEST_CASE("threads share a file and a directory", "[io][posix]") {
    const ScratchFolder scratch;
    auto root = open_root(scratch.path());
    auto file = root->create_file("file", 0600);
    constexpr std::size_t part = 4096, parts = 64;
    parallel_for(4, parts, [&](std::size_t i) {
        file->write_at(Bytes(part, static_cast<std::byte>(i)), i * part);
        (void)root->create_file(std::to_string(i), 0600);
    });
    std::atomic<int> right{0};
    parallel_for(4, parts, [&](std::size_t i) {
        Bytes bytes(part);
        if (file->read_at(bytes, i * part) == part && bytes == Bytes(part, static_cast<std::byte>(i))) ++right;
        if (root->list().size() == parts + 1) ++right;
    });
    CHECK(right == 2 * parts);
}

TEST_CASE("what is mounted below a directory is found in the table, whatever its name", "[io][posix]") {
    const std::string table =
        "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        "30 22 0:5 / /srv/app rw - tmpfs none rw\n"
        "31 30 0:6 / /srv/app/proc rw - proc proc rw\n"
        "32 30 0:7 / /srv/app/two\\040words/\\134x rw shared:9 - tmpfs none rw\n"
        "33 22 0:8 / /srv/apples rw - tmpfs none rw\n"
        "34 22\n";
    CHECK(mounts_in_table(table, "/srv/app") == std::vector<std::string>{"proc", "two words/\\x"});
    CHECK(mounts_in_table(table, "/srv/apples").empty());
    CHECK(mounts_in_table(table, "/srv/app/two words") == std::vector<std::string>{"\\x"});
    CHECK(mounts_in_table("", "/srv").empty());
}

TEST_CASE("each mount that the system tells of is found below the directory above it", "[io][posix]") {
    const std::vector<std::string> all =
        mounts_in_table(text_of(read_whole(*open_file(*open_root("/proc/self"), "mountinfo"), 1U << 24)), "");
    CHECK_FALSE(all.empty());
    const auto root = open_root("/");
    for (const std::string& point : all) {
        const std::size_t slash = point.find('/');
        if (slash == std::string::npos) continue;
        const std::vector<std::string> below = mounts_below(*root, point.substr(0, slash));
        CHECK(std::count(below.begin(), below.end(), point.substr(slash + 1)) > 0);
    }
}

}  // namespace ft::io
