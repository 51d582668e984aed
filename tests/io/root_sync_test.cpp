// Goal: the way to a root is durable when make_root returns, whoever made it: a process that was killed between making
// a directory and its sync left a name that is seen and can yet be lost. No simulated disk knows a user's path.
// Method: the fsync of this program, which notes what it is called for.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>

#include "libcore/io/posix.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"

namespace {

thread_local std::set<ino_t>* synced = nullptr;  // what is noted, while somebody listens

}  // namespace

extern "C" int fsync(int fd) {
    struct stat found {};
    if (synced != nullptr && ::fstat(fd, &found) == 0) synced->insert(found.st_ino);
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace ft::io {

namespace {

/// The inodes of what make_root syncs.
std::set<ino_t> synced_by_make_root(const std::string& path) {
    std::set<ino_t> found;
    synced = &found;
    (void)make_root(path);
    synced = nullptr;
    return found;
}

}  // namespace

TEST_CASE("the whole way to a root is synced, made now or found", "[io][posix]") {
    const ScratchFolder scratch;
    std::filesystem::create_directories(scratch.path() + "/found/also");
    const std::set<ino_t> noted = synced_by_make_root(scratch.path() + "/found/also/made/too");
    for (const char* holder : {".", "found", "found/also", "found/also/made"}) {
        INFO("the directory that holds the next name: " << holder);
        CHECK(noted.contains(open_root(scratch.path() + "/" + holder)->stat(".")->ino));
    }
    CHECK_FALSE(noted.contains(open_root(scratch.path() + "/found/also/made/too")->stat(".")->ino));
}

}  // namespace ft::io
