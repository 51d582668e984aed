// Goal: a walk finds everything once, in path order, the same with any number of threads, and says what it left out.
// Method: real trees in a scratch directory; what vanishes is removed between two steps of a walk that does not look
// ahead.
#include "libcore/source/tree_walk.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "tests/catch.h"
#include "tests/source/scratch.h"

namespace fs = std::filesystem;

namespace ft::source {
namespace {

const Found& find(const std::vector<Found>& all, const std::string& path) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Found& f) { return f.entry.path == path; });
    REQUIRE(found != all.end());
    return *found;
}

/// Directories and files of random names, below `name`.
void make_random_tree(const Scratch& scratch, const std::string& name, std::mt19937_64& random, int depth) {
    scratch.make_dir(name);
    for (std::uint64_t n = random() % 12; n > 0; --n) {
        std::string child = name + "/";
        for (std::uint64_t c = 1 + random() % 3; c > 0; --c) child += "ab.0\n\xff"[random() % 6];
        child += "x";
        if (fs::exists(scratch.path(child))) continue;
        if (depth > 0 && random() % 2 == 0)
            make_random_tree(scratch, child, random, depth - 1);
        else
            scratch.make_file(child, "content");
    }
}

/// The paths below `root` as the standard library finds them, and the root itself, in path order.
std::vector<std::string> listed(const std::string& root) {
    std::vector<std::string> paths = {""};
    for (const auto& entry : fs::recursive_directory_iterator(root))
        paths.push_back(entry.path().string().substr(root.size() + 1));
    std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) { return compare_paths(a, b) < 0; });
    return paths;
}

void bind_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(fd);
}

/// `levels` directories "dir" below each other, each with a file "z", which comes after all that "dir" contains.
void make_deep_tree(const std::string& root, int levels) {
    int at = ::open(root.c_str(), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < levels; ++i) {
        ::close(::openat(at, "z", O_CREAT | O_WRONLY, 0644));
        REQUIRE(::mkdirat(at, "dir", 0755) == 0);
        const int next = ::openat(at, "dir", O_RDONLY | O_DIRECTORY);
        REQUIRE(next >= 0);
        ::close(at);
        at = next;
    }
    ::close(at);
}

/// Few descriptors as long as it lives.
class FewDescriptors {
public:
    explicit FewDescriptors(rlim_t count) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit few{.rlim_cur = count, .rlim_max = before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("a walk finds everything once and in path order, with any number of threads") {
    const Scratch scratch;
    std::mt19937_64 random(6);
    make_random_tree(scratch, "t", random, 5);
    const std::vector<std::string> expected = listed(scratch.path("t"));
    REQUIRE(expected.size() > 100);
    for (unsigned threads : {0U, 1U, 2U, 7U}) {
        INFO(threads << " threads");
        Notes notes;
        const bool equal =
            paths_of(walk_all(scratch.path("t"), {.excludes = {}, .threads = threads}, notes)) == expected;
        CHECK(equal);
        CHECK(notes.take().empty());
    }
}

TEST_CASE("a directory of many slices, with directories among its files, is walked in order") {
    const Scratch scratch;
    for (int i = 0; i < 2500; ++i) {
        const std::string name = "t/" + std::to_string(i * 7919 % 2500);
        if (i % 100 == 0)
            scratch.make_dir(name + "/in");
        else
            scratch.make_file(name);
        if (i == 0) scratch.make_file("t/0/in/file");
    }
    const std::vector<std::string> expected = listed(scratch.path("t"));
    REQUIRE(expected.size() == 2527);
    for (unsigned threads : {0U, 3U}) {
        Notes notes;
        const bool equal =
            paths_of(walk_all(scratch.path("t"), {.excludes = {}, .threads = threads}, notes)) == expected;
        CHECK(equal);
    }
}

TEST_CASE("a walk that is given up half-way ends at once, with threads still ahead of it") {
    const Scratch scratch;
    std::mt19937_64 random(7);
    make_random_tree(scratch, "t", random, 5);
    Notes notes;
    for (int steps = 0; steps < 40; ++steps) {
        TreeWalk walk(scratch.dir("t"), ".", {.excludes = {}, .threads = 3}, notes);
        for (int i = 0; i < steps; ++i) CHECK(walk.next());
    }
}

TEST_CASE("an entry says what stat says") {
    const Scratch scratch;
    scratch.make_file("t", "12345");
    ::chmod(scratch.path("t").c_str(), 04751);
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = -100, .tv_nsec = 123456789}};
    REQUIRE(::utimensat(AT_FDCWD, scratch.path("t").c_str(), times, 0) == 0);
    struct stat stat;
    REQUIRE(::lstat(scratch.path("t").c_str(), &stat) == 0);
    Notes notes;
    const std::vector<Found> all = walk_all(scratch.path("t"), {}, notes);
    REQUIRE(all.size() == 1);
    const Entry& entry = all[0].entry;
    CHECK(entry.path.empty());
    CHECK(all[0].name == "t");
    CHECK(entry.kind == io::Kind::file);
    CHECK(entry.mode == 04751);
    CHECK(entry.uid == stat.st_uid);
    CHECK(entry.gid == stat.st_gid);
    CHECK((entry.mtime == Time{-100, 123456789}));
    CHECK((entry.ctime == Time{stat.st_ctim.tv_sec, static_cast<std::uint32_t>(stat.st_ctim.tv_nsec)}));
    CHECK(entry.ino == stat.st_ino);
    CHECK(entry.size == 5);
    CHECK_FALSE(entry.linked);
}

TEST_CASE("only files have a size, only devices a device number") {
    const Scratch scratch;
    scratch.make_dir("t");
    fs::create_symlink("nowhere", scratch.path("t/link"));
    REQUIRE(::mkfifo(scratch.path("t/pipe").c_str(), 0600) == 0);
    Notes notes;
    for (const Found& found : walk_all(scratch.path("t"), {}, notes)) CHECK(found.entry.size == 0);
    io::Located null = io::locate("/dev/null");
    TreeWalk walk(std::move(null.dir), null.name, {}, notes);
    const std::optional<Found> found = walk.next();
    REQUIRE(found);
    CHECK(found->entry.kind == io::Kind::char_device);
    CHECK(found->entry.rdev != 0);
}

TEST_CASE("what is excluded is left out with all that it contains") {
    const Scratch scratch;
    for (const char* dir : {"t/keep/cache/in", "t/cache/in", "t/keep/node_modules/in", "t/a"}) scratch.make_dir(dir);
    for (const char* file : {"t/x.o", "t/a/y.o", "t/a/y.c", "t/keep/cache/in/f", "t/cache/in/f", "t/a/node_modules"})
        scratch.make_file(file);
    for (unsigned threads : {0U, 2U}) {
        Notes notes;
        const std::vector<Found> all =
            walk_all(scratch.path("t"),
                     {.excludes = {"*.o", "/cache", "node_modules/", "keep/*/in"}, .threads = threads}, notes);
        CHECK(paths_of(all) == std::vector<std::string>{"", "a", "a/node_modules", "a/y.c", "keep", "keep/cache"});
        CHECK(notes.take().empty());
    }
}

TEST_CASE("a root is never excluded") {
    const Scratch scratch;
    scratch.make_file("root");
    Notes notes;
    CHECK(walk_all(scratch.path("root"), {.excludes = {"root", "*"}}, notes).size() == 1);
}

TEST_CASE("each name of a hard-link group but the first in path order links to the first") {
    const Scratch scratch;
    for (const char* dir : {"t/a", "t/b/c"}) scratch.make_dir(dir);
    scratch.make_file("t/z", "content");
    fs::create_hard_link(scratch.path("t/z"), scratch.path("t/b/c/2"));
    fs::create_hard_link(scratch.path("t/z"), scratch.path("t/a/1"));
    scratch.make_file("t/alone", "content");
    scratch.make_file("elsewhere", "content");
    fs::create_hard_link(scratch.path("elsewhere"), scratch.path("t/half"));
    fs::create_symlink("x", scratch.path("t/s1"));
    REQUIRE(::linkat(AT_FDCWD, scratch.path("t/s1").c_str(), AT_FDCWD, scratch.path("t/s2").c_str(), 0) == 0);
    for (unsigned threads : {0U, 2U}) {
        Notes notes;
        const std::vector<Found> all = walk_all(scratch.path("t"), {.excludes = {}, .threads = threads}, notes);
        CHECK(find(all, "a/1").entry.linked);
        CHECK(find(all, "a/1").entry.hard_link.empty());
        CHECK(find(all, "b/c/2").entry.hard_link == "a/1");
        CHECK(find(all, "z").entry.hard_link == "a/1");
        CHECK_FALSE(find(all, "z").entry.linked);
        CHECK(find(all, "half").entry.linked);
        CHECK(find(all, "s2").entry.hard_link == "s1");
        CHECK_FALSE(find(all, "alone").entry.linked);
        CHECK_FALSE(find(all, "b").entry.linked);
    }
}

TEST_CASE("a name that vanishes between list and stat is left out without a word") {
    const Scratch scratch;
    scratch.make_dir("t");
    for (int i = 1000; i < 2500; ++i) scratch.make_file("t/" + std::to_string(i));
    Notes notes;
    TreeWalk walk(scratch.dir("t"), ".", {}, notes);
    REQUIRE(walk.next());
    REQUIRE(walk.next()->entry.path == "1000");
    fs::remove(scratch.path("t/2300"));  // in a later slice, whose stats are not fetched yet
    std::size_t found = 2;
    while (std::optional<Found> next = walk.next()) {
        CHECK(next->entry.path != "2300");
        ++found;
    }
    CHECK(found == 1500);
    CHECK(notes.take().empty());
}

TEST_CASE("a directory that vanishes after it was found is as if it had been empty") {
    const Scratch scratch;
    scratch.make_dir("t/a/b");
    scratch.make_file("t/z");
    Notes notes;
    TreeWalk walk(scratch.dir("t"), ".", {}, notes);
    REQUIRE(walk.next());
    REQUIRE(walk.next()->entry.path == "a");
    fs::remove_all(scratch.path("t/a"));
    CHECK(walk.next()->entry.path == "z");
    CHECK_FALSE(walk.next());
    CHECK_FALSE(walk.next());
    CHECK(notes.take().empty());
}

TEST_CASE("a directory that something else took the place of is noted, and nothing of that is entered") {
    const Scratch scratch;
    scratch.make_dir("t/a");
    scratch.make_dir("t/b");
    scratch.make_dir("elsewhere/secret");
    Notes notes;
    TreeWalk walk(scratch.dir("t"), ".", {}, notes);
    REQUIRE(walk.next());
    REQUIRE(walk.next()->entry.path == "a");
    fs::remove(scratch.path("t/a"));
    fs::create_symlink(scratch.path("elsewhere"), scratch.path("t/a"));
    CHECK(walk.next()->entry.path == "b");
    CHECK_FALSE(walk.next());
    const std::vector<Note> said = notes.take();
    REQUIRE(said.size() == 1);
    CHECK(said[0].what == "cannot list");
    CHECK(said[0].incomplete);
}

TEST_CASE("sockets are left out and noted, which is not incomplete") {
    const Scratch scratch;
    scratch.make_dir("t");
    bind_socket(scratch.path("t/s1"));
    bind_socket(scratch.path("t/s2"));
    scratch.make_file("t/file");
    Notes notes;
    CHECK(paths_of(walk_all(scratch.path("t"), {}, notes)) == std::vector<std::string>{"", "file"});
    const std::vector<Note> said = notes.take();
    REQUIRE(said.size() == 1);
    CHECK(said[0].what == "skipped socket");
    CHECK(said[0].count == 2);
    CHECK(said[0].first == scratch.path("t/s1"));
    CHECK_FALSE(said[0].incomplete);
}

TEST_CASE("directories that cannot be listed or entered are delivered and noted") {
    const Scratch scratch;
    for (const char* dir : {"t/closed", "t/blind", "t/open"}) scratch.make_dir(dir);
    for (const char* file : {"t/closed/f", "t/blind/f", "t/open/f"}) scratch.make_file(file);
    ::chmod(scratch.path("t/closed").c_str(), 0);
    ::chmod(scratch.path("t/blind").c_str(), 0444);
    const AsNobody nobody;
    for (unsigned threads : {0U, 2U}) {
        Notes notes;
        const std::vector<Found> all = walk_all(scratch.path("t"), {.excludes = {}, .threads = threads}, notes);
        CHECK(paths_of(all) == std::vector<std::string>{"", "blind", "closed", "open", "open/f"});
        const std::vector<Note> said = notes.take();
        REQUIRE(said.size() == 2);
        CHECK(said[0].what == "cannot list");
        CHECK(said[0].why == "Permission denied");
        CHECK(said[0].first == scratch.path("t/closed"));
        CHECK(said[0].incomplete);
        CHECK(said[1].what == "cannot read");
        CHECK(said[1].first == scratch.path("t/blind/f"));
        CHECK(said[1].incomplete);
    }
}

TEST_CASE("a root that is missing, cannot be listed or is a socket is a failure") {
    const Scratch scratch;
    scratch.make_dir("closed");
    ::chmod(scratch.path("closed").c_str(), 0);
    bind_socket(scratch.path("socket"));
    const AsNobody nobody;
    Notes notes;
    for (const char* name : {"missing", "closed", "socket"}) {
        INFO(name);
        CHECK_THROWS_AS(walk_all(scratch.path(name), {}, notes), Failure);
    }
    CHECK(notes.take().empty());
}

TEST_CASE("a root that is a directory is \".\" of itself, however it was named") {
    const Scratch scratch;
    scratch.make_file("f");
    scratch.make_dir("t");
    scratch.make_file("t/f");
    Notes notes;
    TreeWalk by_name(scratch.dir(), "t", {}, notes);
    TreeWalk by_itself(scratch.dir("t"), ".", {}, notes);
    const std::optional<Found> a = by_name.next(), b = by_itself.next();
    CHECK(a->name == ".");
    CHECK(b->name == ".");
    CHECK(a->entry == b->entry);
    CHECK(a->parent->stat(".")->ino == a->entry.ino);
    const std::optional<Found> file = by_name.next();
    CHECK(file->name == "f");
    CHECK(file->parent->stat("f")->ino == file->entry.ino);
    CHECK(file->on_disk == file->parent->on_disk());
}

TEST_CASE("with one_file_system other file systems are delivered as directories and not entered") {
    struct stat root;
    REQUIRE(::stat("/dev", &root) == 0);
    Notes notes;
    std::size_t others = 0;
    for (const Found& found : walk_all("/dev", {.excludes = {}, .one_file_system = true, .threads = 2}, notes)) {
        const std::optional<io::Stat> stat = found.parent->stat(found.name);
        if (stat && stat->kind == io::Kind::dir && stat->dev != root.st_dev) ++others;
        const std::optional<io::Stat> above = found.parent->stat(".");
        REQUIRE(above);
        CHECK(above->dev == root.st_dev);
    }
    CHECK(others > 0);  // at least /dev/pts is one of its own
}

TEST_CASE("a tree deeper than PATH_MAX and than the descriptors allow is walked there and back") {
    const Scratch scratch;
    constexpr int levels = 1500;
    make_deep_tree(scratch.path(), levels);
    for (unsigned threads : {0U, 2U}) {
        const FewDescriptors few(512);
        Notes notes;
        TreeWalk walk(scratch.dir(), ".", {.excludes = {}, .threads = threads}, notes);
        std::size_t found = 0, files = 0;
        while (std::optional<Found> next = walk.next()) {
            ++found;
            if (next->entry.kind != io::Kind::file) continue;
            ++files;
            const std::optional<io::Stat> stat = next->parent->stat(next->name);
            CHECK((stat && stat->ino == next->entry.ino));
        }
        CHECK(found == 2 * levels + 1);
        CHECK(files == levels);
        CHECK(notes.take().empty());
    }
}

TEST_CASE(
    "a closed directory that was moved before the walk came back to it is noted, and nothing else is taken for it") {
    const Scratch scratch;
    make_deep_tree(scratch.path(), 200);
    Notes notes;
    TreeWalk walk(scratch.dir(), ".", {}, notes);
    std::optional<Found> next = walk.next();
    while (next->entry.kind == io::Kind::dir) next = walk.next();  // down to the deepest file
    fs::rename(scratch.path("dir"), scratch.path("moved"));
    scratch.make_dir("dir/dir");
    std::size_t files = 1;
    while (walk.next()) ++files;
    CHECK(files < 200);
    CHECK(files >= 128);
    const std::vector<Note> said = notes.take();
    REQUIRE(said.size() == 1);
    CHECK(said[0].what == "cannot list");
    CHECK(said[0].why == "it was moved while it was read");
    CHECK(said[0].incomplete);
}

TEST_CASE("attributes are read: a link's target, xattrs by name, nothing twice for a hard link") {
    const Scratch scratch;
    scratch.make_dir("t");
    scratch.make_file("t/1");
    fs::create_hard_link(scratch.path("t/1"), scratch.path("t/2"));
    fs::create_symlink(std::string(4000, 'x'), scratch.path("t/link"));
    for (const char* name : {"user.z", "user.a"}) {
        REQUIRE(::setxattr(scratch.path("t/1").c_str(), name, "v\0w", 3, 0) == 0);
        REQUIRE(::setxattr(scratch.path("t").c_str(), name, "", 0, 0) == 0);
    }
    Notes notes;
    std::vector<Found> all = walk_all(scratch.path("t"), {}, notes);
    REQUIRE(all.size() == 4);
    const std::unique_ptr<io::File> file = io::open_file(*all[1].parent, "1");
    for (Found& found : all) read_attributes(found, found.name == "1" ? file.get() : nullptr);
    CHECK(all[0].entry.xattrs == std::vector<io::Xattr>{{"user.a", ""}, {"user.z", ""}});
    CHECK(all[1].entry.xattrs == std::vector<io::Xattr>{{"user.a", {"v\0w", 3}}, {"user.z", {"v\0w", 3}}});
    CHECK(all[2].entry.hard_link == "1");
    CHECK(all[2].entry.xattrs.empty());
    CHECK(all[3].entry.symlink == std::string(4000, 'x'));
    read_attributes(all[1], nullptr);
    CHECK(all[1].entry.xattrs.size() == 2);
}

}  // namespace ft::source
