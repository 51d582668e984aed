// Goal: what is built from an entry is found again as that entry; what this user may not set is noted and never opens
// anything to others. Method: build in a scratch directory, walk it and compare; as root where the test has its powers,
// and as nobody.
#include "libcore/source/tree_build.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/source/scratch.h"

namespace fs = std::filesystem;

namespace ft::source {
namespace {

/// umask as it was before the test, which of_this_process() changes.
class KeptUmask {
public:
    KeptUmask() : before_(::umask(0)) { ::umask(before_); }
    ~KeptUmask() { ::umask(before_); }
    KeptUmask(const KeptUmask&) = delete;
    KeptUmask& operator=(const KeptUmask&) = delete;

private:
    mode_t before_;
};

struct AclEntry {
    unsigned tag, permissions;
    std::uint32_t id = UINT32_MAX;
};

/// A POSIX ACL as the kernel gives it (linux/posix_acl_xattr.h).
std::string acl(const std::vector<AclEntry>& entries) {
    Encoder out;
    out.u32(2);
    for (const AclEntry& entry : entries) {
        out.u16(static_cast<std::uint16_t>(entry.tag));
        out.u16(static_cast<std::uint16_t>(entry.permissions));
        out.u32(entry.id);
    }
    return std::string(text_of(out.view()));
}

/// User 1000 may read, the mask is r-x.
std::string some_acl() { return acl({{1, 7}, {2, 4, 1000}, {4, 5}, {0x10, 5}, {0x20, 0}}); }

Entry entry(const std::string& path, io::Kind kind, std::uint32_t mode) {
    Entry made;
    made.path = path;
    made.kind = kind;
    made.mode = mode;
    made.uid = ::geteuid();
    made.gid = ::getegid();
    made.mtime = {1600000000, 123456789};
    return made;
}

/// What can be compared after a build: all but what the file system decides.
Entry comparable(Entry made) {
    made.ctime = {};
    made.ino = 0;
    made.size = 0;
    made.linked = false;
    if (made.kind == io::Kind::symlink) made.mode = 0777;
    return made;
}

void build(TreeBuilder& builder, io::Dir& dir, const Entry& entry) {
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    if (entry.kind == io::Kind::file) {
        const std::unique_ptr<io::File> file = builder.start_file(dir, name, entry);
        file->write_at(view_of("content"), 0);
        builder.finish_file(*file, entry);
    } else if (entry.kind == io::Kind::dir) {
        builder.finish_dir(*builder.start_dir(dir, name, entry), entry);
    } else {
        builder.make_special(dir, name, entry);
    }
}

Entry found_at(const std::string& path, const std::string& name) {
    Notes notes;
    std::vector<Found> all = walk_all(path, {}, notes);
    REQUIRE_FALSE(all.empty());
    read_attributes(all[0], nullptr);
    all[0].entry.path = name;
    return comparable(all[0].entry);
}

std::uint32_t mode_of(const std::string& path) {
    struct stat stat;
    REQUIRE(::lstat(path.c_str(), &stat) == 0);
    return stat.st_mode & 07777;
}

Time ctime_of(const std::string& path) {
    struct stat stat;
    REQUIRE(::lstat(path.c_str(), &stat) == 0);
    return {stat.st_ctim.tv_sec, static_cast<std::uint32_t>(stat.st_ctim.tv_nsec)};
}

enum class Who { as_started, nobody };

/// A builder in a scratch directory, with the powers that the test has then.
struct Bench {
    explicit Bench(Who who = Who::as_started) {
        if (who == Who::nobody) nobody.emplace();
        builder.emplace(TreeBuilder::of_this_process(), notes);
    }

    KeptUmask umask;
    Scratch scratch;
    std::optional<AsNobody> nobody;
    Notes notes;
    std::optional<TreeBuilder> builder;

    /// Builds an entry and checks that it is found again, without a note.
    void check_exact(const Entry& wanted) {
        INFO(wanted.path);
        const std::unique_ptr<io::Dir> dir = scratch.dir();
        build(*builder, *dir, wanted);
        CHECK(found_at(scratch.path(wanted.path), wanted.path) == comparable(wanted));
        for (const Note& note : notes.take()) FAIL_CHECK(note.what + " " + note.first + ": " + note.why);
    }

    void adjust(const std::string& name, const Entry& wanted) {
        const std::unique_ptr<io::Dir> dir = scratch.dir();
        builder->adjust(*dir, name, *dir->stat(name), wanted);
    }
};

/// For tests of what only root can do. They say so where they cannot run.
bool can_test_root() {
    if (!is_root()) WARN("needs root: not tested");
    return is_root();
}

std::vector<io::Kind> all_kinds() {
    return {io::Kind::file, io::Kind::dir,         io::Kind::symlink,
            io::Kind::fifo, io::Kind::char_device, io::Kind::block_device};
}

Entry of_kind(io::Kind kind, const std::string& path) {
    Entry made = entry(path, kind, kind == io::Kind::symlink ? 0777 : 0640);
    if (kind == io::Kind::symlink) made.symlink = "/no/where\n\xff";
    if (kind == io::Kind::char_device || kind == io::Kind::block_device) made.rdev = makedev(1, 3);
    return made;
}

}  // namespace

TEST_CASE("what any user owns is built exactly: modes and times, before 1970 too") {
    Bench bench(Who::nobody);
    int number = 0;
    for (io::Kind kind : {io::Kind::file, io::Kind::dir, io::Kind::symlink, io::Kind::fifo}) {
        for (std::uint32_t mode : {0U, 0400U, 0644U, 0777U, 01755U, 02711U, 04755U, 06111U}) {
            Entry wanted = of_kind(kind, "x" + std::to_string(++number));
            if (kind != io::Kind::symlink) wanted.mode = mode;
            if (kind == io::Kind::dir) wanted.mode |= 0500;  // nobody must be able to look at it
            bench.check_exact(wanted);
        }
        for (const Time time : {Time{-1, 999999999}, Time{-2000000000, 1}, Time{0, 0}, Time{4102444800, 500000000}}) {
            Entry wanted = of_kind(kind, "x" + std::to_string(++number));
            wanted.mtime = time;
            bench.check_exact(wanted);
        }
    }
}

TEST_CASE("a file that its owner may not write gets its own xattrs all the same") {
    Bench bench(Who::nobody);
    for (io::Kind kind : {io::Kind::file, io::Kind::dir}) {
        Entry wanted = of_kind(kind, kind == io::Kind::file ? "file" : "dir");
        wanted.mode = 0550;  // as the ACL says
        wanted.xattrs = {{"system.posix_acl_access", acl({{1, 5}, {2, 4, 1000}, {4, 5}, {0x10, 5}, {0x20, 0}})},
                         {"user.empty", ""},
                         {"user.note", std::string("a\0b", 3)}};
        bench.check_exact(wanted);
    }
}

TEST_CASE("as root every kind is built with the owner that it had") {
    if (!can_test_root()) return;
    Bench bench;
    for (io::Kind kind : all_kinds()) {
        for (std::uint32_t mode : {0U, 0644U, 01777U, 02755U, 04711U, 06555U}) {
            Entry wanted = of_kind(kind, "k" + std::to_string(static_cast<int>(kind)) + std::to_string(mode));
            if (kind != io::Kind::symlink) wanted.mode = mode;
            wanted.uid = 3999999999;  // owners without a name
            wanted.gid = 54321;
            bench.check_exact(wanted);
        }
    }
}

TEST_CASE("as root ACLs, capabilities and trusted attributes come with the owner") {
    if (!can_test_root()) return;
    Bench bench;
    Entry file = of_kind(io::Kind::file, "file");
    file.mode = 04750;
    file.uid = 1234;
    file.xattrs = {{"system.posix_acl_access", some_acl()}, {"trusted.note", "t"}, {"user.note", "u"}};
    bench.check_exact(file);
    Entry able = of_kind(io::Kind::file, "able");
    able.gid = 77;
    able.xattrs = {{"security.capability", std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)}};
    bench.check_exact(able);
    Entry dir = of_kind(io::Kind::dir, "dir");
    dir.mode = 02750;
    dir.xattrs = {{"system.posix_acl_access", some_acl()}, {"system.posix_acl_default", some_acl()}};
    bench.check_exact(dir);
    Entry link = of_kind(io::Kind::symlink, "link");
    link.xattrs = {{"trusted.note", "of the link"}};
    bench.check_exact(link);
}

TEST_CASE("without root a foreign owner is one note, and set-id bits are left out with him") {
    Bench bench(Who::nobody);
    const std::unique_ptr<io::Dir> dir = bench.scratch.dir();
    for (int i = 0; i < 3; ++i) {
        Entry foreign = entry("f" + std::to_string(i), io::Kind::file, 04755);
        foreign.uid = 0;
        foreign.gid = 0;
        build(*bench.builder, *dir, foreign);
        CHECK(mode_of(bench.scratch.path(foreign.path)) == 0755);
    }
    const std::vector<Note> said = bench.notes.take();
    REQUIRE(said.size() == 2);
    CHECK(said[0].what == "cannot set the owner");
    CHECK(said[0].count == 3);
    CHECK(said[0].incomplete);
    CHECK(said[1].what == "left out the set-id bits");
    CHECK(said[1].count == 3);
}

TEST_CASE("without root a device is a note and is not made") {
    Bench bench(Who::nobody);
    const std::unique_ptr<io::Dir> dir = bench.scratch.dir();
    build(*bench.builder, *dir, of_kind(io::Kind::block_device, "device"));
    CHECK_FALSE(dir->stat("device"));
    const std::vector<Note> said = bench.notes.take();
    REQUIRE(said.size() == 1);
    CHECK(said[0].what == "cannot make the device");
    CHECK(said[0].first == bench.scratch.path("device"));
}

TEST_CASE("without root attributes of the system are notes") {
    Bench bench(Who::nobody);
    const std::unique_ptr<io::Dir> dir = bench.scratch.dir();
    Entry file = of_kind(io::Kind::file, "file");
    file.xattrs = {{"trusted.note", "t"}, {"unknown.space", "x"}, {"user.note", "u"}};
    build(*bench.builder, *dir, file);
    file.xattrs = {{"user.note", "u"}};
    CHECK(found_at(bench.scratch.path("file"), "file") == comparable(file));
    CHECK(bench.notes.take().size() == 2);
}

TEST_CASE("nobody else can open an object before its owner and mode are set") {
    if (!can_test_root()) return;
    Bench bench;
    const std::unique_ptr<io::Dir> dir = bench.scratch.dir();
    Entry file = of_kind(io::Kind::file, "file");
    file.mode = 0666;
    file.uid = 1234;
    const std::unique_ptr<io::File> open = bench.builder->start_file(*dir, "file", file);
    CHECK(mode_of(bench.scratch.path("file")) == 0600);
    bench.builder->finish_file(*open, file);
    CHECK(mode_of(bench.scratch.path("file")) == 0666);
    const std::unique_ptr<io::Dir> made = bench.builder->start_dir(*dir, "dir", of_kind(io::Kind::dir, "dir"));
    CHECK(mode_of(bench.scratch.path("dir")) == 0700);
}

TEST_CASE("a name that is taken is a failure and stays as it was") {
    Bench bench;
    const std::unique_ptr<io::Dir> dir = bench.scratch.dir();
    for (io::Kind kind : {io::Kind::file, io::Kind::dir, io::Kind::symlink, io::Kind::fifo}) {
        bench.scratch.make_file("taken", "as it was");
        CHECK_THROWS_AS(build(*bench.builder, *dir, of_kind(kind, "taken")), Failure);
        CHECK(fs::file_size(bench.scratch.path("taken")) == 9);
    }
}

TEST_CASE("nothing is handed down by the directory that a tree is built in") {
    Bench bench;
    bench.scratch.make_dir("place");
    const std::string place = bench.scratch.path("place");
    if (is_root()) REQUIRE(::chown(place.c_str(), 0, 4321) == 0);
    REQUIRE(::chmod(place.c_str(), 02777) == 0);
    const std::string handed_down = some_acl();
    REQUIRE(::setxattr(place.c_str(), "system.posix_acl_default", handed_down.data(), handed_down.size(), 0) == 0);
    const std::unique_ptr<io::Dir> dir = bench.scratch.dir("place");
    for (io::Kind kind : {io::Kind::file, io::Kind::symlink, io::Kind::fifo}) {
        Entry root = of_kind(kind, "");
        const std::string name = "root" + std::to_string(static_cast<int>(kind));
        if (kind == io::Kind::file)
            bench.builder->finish_file(*bench.builder->start_file(*dir, name, root), root);
        else
            bench.builder->make_special(*dir, name, root);
        CHECK(found_at(bench.scratch.path("place/" + name), "") == comparable(root));
    }
    const std::unique_ptr<io::Dir> made = bench.builder->start_dir(*dir, "tree", of_kind(io::Kind::dir, ""));
    const Entry file = of_kind(io::Kind::file, "file");
    build(*bench.builder, *made, file);
    CHECK(found_at(place + "/tree/file", "file") == comparable(file));
    const Entry tree = of_kind(io::Kind::dir, "tree");
    bench.builder->finish_dir(*made, tree);
    CHECK(found_at(place + "/tree", "tree") == comparable(tree));
    TreeBuilder in_standing(TreeBuilder::of_this_process(), bench.notes, TreeBuilder::Around::standing);
    for (const io::Kind kind : {io::Kind::file, io::Kind::symlink, io::Kind::fifo, io::Kind::dir}) {
        const Entry entry = of_kind(kind, "missing" + std::to_string(static_cast<int>(kind)));
        build(in_standing, *dir, entry);
        CHECK(found_at(place + "/" + entry.path, entry.path) == comparable(entry));
    }
    CHECK(bench.notes.take().empty());
}

TEST_CASE("adjusting an object that is equal changes nothing of it") {
    Bench bench;
    for (io::Kind kind : {io::Kind::file, io::Kind::dir, io::Kind::symlink, io::Kind::fifo}) {
        const std::string name = "same" + std::to_string(static_cast<int>(kind));
        Entry wanted = of_kind(kind, name);
        if (kind == io::Kind::file) wanted.xattrs = {{"user.note", "u"}};
        bench.check_exact(wanted);
        const Time before = ctime_of(bench.scratch.path(name));
        bench.adjust(name, wanted);
        CHECK(ctime_of(bench.scratch.path(name)) == before);
    }
}

TEST_CASE("adjusting makes each attribute that differs equal") {
    Bench bench;
    for (io::Kind kind : {io::Kind::file, io::Kind::dir}) {
        const std::string name = kind == io::Kind::file ? "file" : "dir";
        Entry before = of_kind(kind, name);
        before.mode = 0750;
        before.xattrs = {{"system.posix_acl_access", some_acl()}, {"user.changed", "1"}, {"user.gone", "x"}};
        bench.check_exact(before);
        Entry wanted = before;
        wanted.mode = 0604;
        wanted.mtime = {-5, 7};
        wanted.xattrs = {{"user.changed", "2"}, {"user.new", "n"}};
        bench.adjust(name, wanted);
        CHECK(found_at(bench.scratch.path(name), name) == comparable(wanted));
        bench.adjust(name, before);
        CHECK(found_at(bench.scratch.path(name), name) == comparable(before));
        CHECK(bench.notes.take().empty());
    }
}

TEST_CASE("adjusting the directory itself works by its own handle") {
    Bench bench;
    bench.scratch.make_dir("dir");
    const std::unique_ptr<io::Dir> dir = bench.scratch.dir("dir");
    Entry wanted = of_kind(io::Kind::dir, "dir");
    wanted.mode = 0711;
    wanted.xattrs = {{"user.note", "u"}};
    bench.builder->adjust(*dir, ".", *dir->stat("."), wanted);
    CHECK(found_at(bench.scratch.path("dir"), "dir") == comparable(wanted));
}

TEST_CASE("adjusting the owner as root keeps set-id bits and capabilities that are wanted") {
    if (!can_test_root()) return;
    Bench bench;
    Entry before = of_kind(io::Kind::file, "file");
    before.mode = 06755;
    before.xattrs = {{"security.capability", std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)}};
    bench.check_exact(before);
    Entry wanted = before;
    wanted.uid = 1234;
    wanted.gid = 4321;
    bench.adjust("file", wanted);
    CHECK(found_at(bench.scratch.path("file"), "file") == comparable(wanted));
    CHECK(bench.notes.take().empty());
}

TEST_CASE("without root adjusting a file that its owner may not write sets its xattrs and leaves the mode") {
    Bench bench(Who::nobody);
    Entry wanted = of_kind(io::Kind::file, "file");
    wanted.mode = 0444;
    bench.check_exact(wanted);
    wanted.xattrs = {{"user.note", "u"}};
    bench.adjust("file", wanted);
    CHECK(found_at(bench.scratch.path("file"), "file") == comparable(wanted));
    CHECK(bench.notes.take().empty());
}

}  // namespace ft::source
