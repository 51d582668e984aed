// Goal: the machine's disk keeps every promise of Dir and File, plain and behind the decorator, as root and as anybody.
// Method: ask the kernel itself what this process may do here, then run the suite with that.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "libcore/io/faulty.h"
#include "libcore/io/posix.h"
#include "tests/catch.h"
#include "tests/conformance/dir_suite.h"
#include "tests/io/scratch.h"

namespace ft::conformance {

namespace {

/// What the kernel says of this process and that file system, asked without any of our code.
Powers powers_at(const std::string& path) {
    const std::string probe = path + "/probe";
    Powers powers;
    powers.devices = ::mknod(probe.c_str(), S_IFCHR | 0600, 0x103) == 0;
    ::unlink(probe.c_str());
    ::close(::open(probe.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    powers.owners = ::chown(probe.c_str(), 12345, 54321) == 0;
    powers.user_xattrs = ::setxattr(probe.c_str(), "user.probe", "x", 1, 0) == 0;
    powers.trusted_xattrs = ::setxattr(probe.c_str(), "trusted.probe", "x", 1, 0) == 0;
    ::unlink(probe.c_str());
    const int unnamed = ::open(path.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    powers.unnamed = unnamed >= 0;
    if (unnamed >= 0) ::close(unnamed);
    struct statfs found {};
    REQUIRE(::statfs(path.c_str(), &found) == 0);
    const auto type = static_cast<std::uint32_t>(found.f_type);
    const bool known = type == EXT4_SUPER_MAGIC || type == XFS_SUPER_MAGIC || type == BTRFS_SUPER_MAGIC ||
                       type == TMPFS_MAGIC || type == OVERLAYFS_SUPER_MAGIC;
    if (!known) FAIL("not known which promises this file system can keep; set TMPDIR to ext4, xfs, btrfs or tmpfs");
    return powers;
}

class PosixDisk : public TestedDisk {
public:
    explicit PosixDisk(const std::filesystem::path& below) : scratch_(below) {}
    std::unique_ptr<io::Dir> empty_dir() override {
        const std::string path = scratch_.path() + "/" + std::to_string(made_++);
        REQUIRE(::mkdir(path.c_str(), 0700) == 0);
        return io::open_root(path);
    }
    Powers powers() override { return powers_at(scratch_.path()); }

private:
    ScratchFolder scratch_;
    int made_ = 0;
};

class DecoratedDisk final : public PosixDisk {
public:
    using PosixDisk::PosixDisk;
    std::unique_ptr<io::Dir> empty_dir() override { return io::with_faults(PosixDisk::empty_dir(), script_); }

private:
    // Rules that count every call and strike at none.
    io::FaultScript script_{"*@1000000000=EIO; change~**@1000000000=kill"};
};

}  // namespace

TEST_CASE("the machine's disk keeps the promises of Dir", "[io][conformance]") {
    PosixDisk disk(std::filesystem::temp_directory_path());
    keep_dir_promises(disk);
}

TEST_CASE("the machine's memory file system keeps the promises of Dir", "[io][conformance]") {
    PosixDisk disk("/dev/shm");
    keep_dir_promises(disk);
}

TEST_CASE("a decorator without a fault keeps the promises of Dir", "[io][conformance]") {
    DecoratedDisk disk(std::filesystem::temp_directory_path());
    keep_dir_promises(disk);
}

}  // namespace ft::conformance
