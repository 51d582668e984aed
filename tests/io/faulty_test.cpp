// Goal: a disk under a fault script fails, stops half way and kills exactly where the script says, and nowhere else.
#include "libcore/io/faulty.h"

#include <csignal>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "tests/catch.h"
#include "tests/io/child.h"
#include "tests/io/scratch.h"

namespace ft::io {

namespace {

std::string content(const ScratchFolder& scratch, const std::string& name) {
    auto root = open_root(scratch.path());
    auto file = root->find_file(name, Access::read);
    if (!file) return "(missing)";
    const Bytes bytes = read_whole(*file, 1000);
    return std::string(text_of(bytes));
}

/// Writes "12345678" to `file`, syncs it, renames it to `final` and syncs the directory: four changes after its
/// creation.
void write_and_rename(const ScratchFolder& scratch, FaultScript& script) {
    auto dir = with_faults(open_root(scratch.path()), script);
    auto file = dir->create_file("file", 0600);
    file->write_at(view_of("12345678"), 0);
    file->sync();
    dir->rename("file", *dir, "final");
    dir->sync();
}

std::string failure_under(const ScratchFolder& scratch, const std::string& rules) {
    FaultScript script(rules);
    try {
        write_and_rename(scratch, script);
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "done";
}

std::optional<int> signal_under(const ScratchFolder& scratch, const std::string& rules) {
    return run_in_child([&] {
               FaultScript script(rules);
               write_and_rename(scratch, script);
               return true;
           })
        .signal;
}

}  // namespace

TEST_CASE("a fault names what failed, where and why, as the disk would", "[io][faults]") {
    const ScratchFolder scratch;
    CHECK(failure_under(scratch, "rename=EIO") == "cannot rename: " + scratch.path() + "/file: Input/output error");
    CHECK(content(scratch, "file") == "12345678");
    CHECK(content(scratch, "final") == "(missing)");
}

TEST_CASE("a short write leaves its first half and says that the disk is full", "[io][faults]") {
    const ScratchFolder scratch;
    CHECK(failure_under(scratch, "write=short") ==
          "cannot write: " + scratch.path() + "/file: No space left on device");
    CHECK(content(scratch, "file") == "1234");
}

TEST_CASE("a fault in a directory opened from a decorated one strikes too", "[io][faults]") {
    const ScratchFolder scratch;
    FaultScript script("write~packs/*=EIO");
    auto root = with_faults(open_root(scratch.path()), script);
    auto packs = ensure_dir(*root, "packs");
    root->create_file("a", 0600)->write_at(view_of("x"), 0);
    CHECK_THROWS_AS(packs->create_file("a", 0600)->write_at(view_of("x"), 0), Failure);
    auto unnamed = packs->create_unnamed(0600);
    if (unnamed) unnamed->write_at(view_of("x"), 0);  // the rule was spent
}

TEST_CASE("a script without matching calls changes nothing", "[io][faults]") {
    const ScratchFolder scratch;
    CHECK(failure_under(scratch, "remove_file=kill; write@2=EIO; sync~other@1=EIO") == "done");
    CHECK(content(scratch, "final") == "12345678");
}

TEST_CASE("kills come before, half way or after the call", "[io][faults]") {
    const ScratchFolder before, half, after;
    CHECK(signal_under(before, "write=kill") == SIGKILL);
    CHECK(content(before, "file").empty());
    CHECK(signal_under(half, "write=half") == SIGKILL);
    CHECK(content(half, "file") == "1234");
    CHECK(signal_under(after, "write=killafter") == SIGKILL);
    CHECK(content(after, "file") == "12345678");
}

TEST_CASE("counting changes finds every cut of a program and then its end", "[io][faults]") {
    int cuts = 0;
    for (;; ++cuts) {
        const ScratchFolder scratch;
        REQUIRE(cuts < 100);
        if (!signal_under(scratch, "change@" + std::to_string(cuts + 1) + "=kill")) break;
        const bool renamed = cuts >= 4;
        CHECK(content(scratch, "final") == (renamed ? "12345678" : "(missing)"));
    }
    CHECK(cuts == 5);
}

}  // namespace ft::io
