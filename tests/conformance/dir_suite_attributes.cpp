// Promises on attributes: modes, owners, times, extended attributes, devices.
#include <algorithm>
#include <cerrno>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/conformance/dir_suite.h"

namespace ft::conformance {

namespace {

using io::Kind;
using io::Xattr;
using Xattrs = std::vector<Xattr>;

void modes_are_exact(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    REQUIRE(dir.make_dir("dir", 0700));
    REQUIRE(dir.make_node("fifo", Kind::fifo, 0600, 0));
    CHECK(dir.stat("file")->mode == 0600);
    CHECK(dir.stat("dir")->mode == 0700);
    for (const std::uint32_t mode : {04755U, 02755U, 06711U, 01777U, 0400U, 0U, 0644U}) {
        INFO("mode " << mode);
        file->set_mode(mode);
        CHECK(file->stat().mode == mode);
        CHECK(dir.stat("file")->mode == mode);
        for (const std::string name : {"file", "dir", "fifo"}) {
            dir.set_mode(name, mode);
            CHECK(dir.stat(name)->mode == mode);
        }
    }
    dir.set_mode(".", 01750);
    CHECK(dir.stat(".")->mode == 01750);
    dir.set_mode(".", 0700);
}

void owners_are_set_or_refused(io::Dir& dir, const Powers& powers) {
    auto file = dir.create_file("file", 0600);
    REQUIRE(dir.make_dir("dir", 0700));
    REQUIRE(dir.make_symlink("link", "file"));
    const io::Stat own = file->stat();
    file->set_owner(own.uid, own.gid);
    dir.set_owner(".", own.uid, own.gid);
    for (const std::string name : {"file", "dir", "link"}) {
        INFO(name);
        dir.set_owner(name, own.uid, own.gid);
        const int error = error_of([&] { dir.set_owner(name, 12345, 54321); });
        CHECK(error == (powers.owners ? 0 : EPERM));
        CHECK(dir.stat(name)->uid == (powers.owners ? 12345 : own.uid));
        CHECK(dir.stat(name)->gid == (powers.owners ? 54321 : own.gid));
    }
    CHECK(error_of([&] { file->set_owner(7, 8); }) == (powers.owners ? 0 : EPERM));
    CHECK(file->stat().uid == (powers.owners ? 7 : own.uid));
    if (!powers.owners) WARN("only the refusal of foreign owners was checked: this process may not give files away");
}

void times_are_exact(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    REQUIRE(dir.make_dir("dir", 0700));
    REQUIRE(dir.make_symlink("link", "nowhere"));
    const std::vector<Time> times{{1, 1}, {-2, 500000000}, {0, 0}, {1800000000, 999999999}, {-1000000000, 123456789}};
    for (const Time& time : times) {
        INFO(time.s << "s " << time.ns << "ns");
        file->set_mtime(time);
        CHECK(file->stat().mtime == time);
        for (const std::string name : {"file", "dir", "link", "."}) {
            INFO(name);
            dir.set_mtime(name, time);
            CHECK(dir.stat(name)->mtime == time);
        }
    }
}

void changes_move_the_times(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    const Time old{1000000, 0};
    file->set_mtime(old);
    dir.set_mtime(".", old);
    const Time changed = file->stat().ctime;
    CHECK(changed > old);
    file->set_mode(0640);
    CHECK(file->stat().mtime == old);  // not a change of content
    CHECK(file->stat().ctime >= changed);
    file->write_at(view_of("x"), 0);
    CHECK(file->stat().mtime >= changed);
    file->set_mtime(old);
    file->set_size(0);
    CHECK(file->stat().mtime >= changed);
    CHECK(dir.stat(".")->mtime == old);
    REQUIRE(dir.make_symlink("new", "x"));
    CHECK(dir.stat(".")->mtime >= changed);
}

void stats_agree(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    file->write_at(view_of("content"), 0);
    const io::Stat by_handle = file->stat(), by_name = *dir.stat("file");
    CHECK(by_handle.kind == Kind::file);
    CHECK(by_handle.ino == by_name.ino);
    CHECK(by_handle.dev == by_name.dev);
    CHECK(by_handle.dev == dir.stat(".")->dev);
    CHECK(by_handle.size == 7);
    CHECK(by_name.size == 7);
    CHECK(by_handle.mtime == by_name.mtime);
    CHECK(by_name.mtime.ns < 1000000000);
    CHECK_FALSE(by_name.mount_point);
    CHECK_FALSE(dir.stat(".")->mount_point);
    REQUIRE(dir.make_symlink("other", "x"));
    CHECK(dir.stat("other")->ino != by_name.ino);
}

/// set, replace, remove, in whichever way the object is reached.
struct XattrCalls {
    std::function<Xattrs()> all;
    std::function<void(const Xattr&)> set;
    std::function<void(const std::string&)> remove;
};

void keep_attributes(const XattrCalls& on) {
    CHECK(on.all().empty());
    const std::string binary("\0\xff\n", 3);
    on.set({"user.two", "second"});
    on.set({"user.one", binary});
    on.set({"user.three", ""});
    CHECK(on.all() == Xattrs{{"user.one", binary}, {"user.three", ""}, {"user.two", "second"}});
    on.set({"user.two", "replaced"});
    on.remove("user.one");
    CHECK(on.all() == Xattrs{{"user.three", ""}, {"user.two", "replaced"}});
    CHECK(error_of([&] { on.remove("user.one"); }) == ENODATA);
    on.remove("user.two");
    on.remove("user.three");
    CHECK(on.all().empty());
}

XattrCalls by_name(io::Dir& dir, const std::string& name) {
    return {[&dir, name] { return dir.xattrs(name); }, [&dir, name](const Xattr& xattr) { dir.set_xattr(name, xattr); },
            [&dir, name](const std::string& xattr) { dir.remove_xattr(name, xattr); }};
}

void xattrs_are_kept(io::Dir& dir, const Powers& powers) {
    auto file = dir.create_file("file", 0600);
    REQUIRE(dir.make_dir("dir", 0700));
    if (!powers.user_xattrs) {
        WARN("only the refusal of attributes was checked: this file system has none");
        CHECK(file->xattrs().empty());
        CHECK(error_of([&] { file->set_xattr({"user.note", "x"}); }) == ENOTSUP);
        return;
    }
    keep_attributes({[&] { return file->xattrs(); }, [&](const Xattr& xattr) { file->set_xattr(xattr); },
                     [&](const std::string& name) { file->remove_xattr(name); }});
    for (const std::string name : {"file", "dir", "."}) {
        INFO(name);
        keep_attributes(by_name(dir, name));
    }
    file->set_xattr({"user.note", "by handle"});
    CHECK(dir.xattrs("file") == Xattrs{{"user.note", "by handle"}});
    CHECK(dir.xattrs("dir").empty());
}

void many_xattrs_are_kept(io::Dir& dir, const Powers& powers) {
    if (!powers.user_xattrs) return xattrs_are_kept(dir, powers);
    put(dir, "file", "");
    Xattrs expected;
    for (int i = 0; i < 20; ++i) expected.push_back({"user." + std::string(60, 'x') + std::to_string(i), "value"});
    for (const Xattr& xattr : expected) dir.set_xattr("file", xattr);
    std::sort(expected.begin(), expected.end());
    CHECK(dir.xattrs("file") == expected);
}

void links_have_their_own_xattrs(io::Dir& dir, const Powers& powers) {
    put(dir, "file", "");
    REQUIRE(dir.make_symlink("link", "file"));
    REQUIRE(dir.make_symlink("dangling", "nowhere"));
    CHECK(dir.xattrs("dangling").empty());
    const int error = error_of([&] { dir.set_xattr("link", {"trusted.note", "link's"}); });
    if (!powers.trusted_xattrs) {
        CHECK(error == EPERM);
        WARN("only the refusal of attributes of links was checked: this process may not set trusted.*");
        return;
    }
    CHECK(error == 0);
    CHECK(dir.xattrs("link") == Xattrs{{"trusted.note", "link's"}});
    CHECK(dir.xattrs("file").empty());
    dir.set_xattr("dangling", {"trusted.note", "x"});
    dir.remove_xattr("dangling", "trusted.note");
    CHECK(dir.xattrs("dangling").empty());
}

void devices_are_made_or_refused(io::Dir& dir, const Powers& powers) {
    constexpr std::uint64_t null_device = 0x103;  // 1:3
    if (!powers.devices) {
        CHECK(error_of([&] { dir.make_node("null", Kind::char_device, 0600, null_device); }) == EPERM);
        CHECK_FALSE(dir.stat("null"));
        WARN("only the refusal of devices was checked: this process may not make them");
        return;
    }
    REQUIRE(dir.make_node("null", Kind::char_device, 0600, null_device));
    REQUIRE(dir.make_node("loop", Kind::block_device, 0600, 0x7ff00));
    CHECK(dir.stat("null")->kind == Kind::char_device);
    CHECK(dir.stat("null")->rdev == null_device);
    CHECK(dir.stat("loop")->kind == Kind::block_device);
    CHECK(dir.stat("loop")->rdev == 0x7ff00);
    CHECK(dir.stat("null")->mode == 0600);
}

}  // namespace

std::vector<Promise> promises_on_attributes() {
    return {{"modes are exact, with set-id bits, by handle and by name", modes_are_exact},
            {"owners are set on the object itself, or refused", owners_are_set_or_refused},
            {"times are exact to the nanosecond, also before 1970", times_are_exact},
            {"a change of content moves mtime, a change of attributes does not", changes_move_the_times},
            {"stat by handle and by name agree", stats_agree},
            {"attributes are kept to the byte, sorted", xattrs_are_kept},
            {"more attributes than usual are kept", many_xattrs_are_kept},
            {"a symbolic link has attributes of its own", links_have_their_own_xattrs},
            {"devices are made as asked, or refused", devices_are_made_or_refused}};
}

}  // namespace ft::conformance
