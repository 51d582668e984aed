#include "libcore/io/posix_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <array>
#include <climits>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "libcore/base/failure.h"
#include "libcore/io/posix_file.h"

namespace ft::io {

namespace {

/// What every open of an existing name is given: no waiting for a fifo's other end, no terminal, no link followed.
constexpr int safely = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

std::string shortened(std::string path) {
    constexpr std::size_t limit = PATH_MAX, kept = limit / 2 - 8;
    if (path.size() <= limit) return path;
    return path.substr(0, kept) + "/.../" + path.substr(path.size() - kept);
}

int descriptor_of(Dir& dir) { return dynamic_cast<PosixDir&>(dir.undecorated()).fd(); }

std::optional<Kind> kind_of_type(unsigned char type) { return kind_of(DTTOIF(type)); }

/// Appends the names in what getdents64 filled.
void append_names(std::span<const char> filled, std::vector<Listed>& into) {
    while (!filled.empty()) {
        std::uint16_t length =
            0;  // of the record, which is aligned to 8 in the kernel's buffer but not for the compiler
        std::memcpy(&length, filled.data() + offsetof(dirent64, d_reclen), sizeof length);
        const char* name = filled.data() + offsetof(dirent64, d_name);
        if (std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0)
            into.push_back({name, kind_of_type(static_cast<unsigned char>(filled[offsetof(dirent64, d_type)]))});
        filled = filled.subspan(length);
    }
}

}  // namespace

OpenedDir open_directory(int at, const char* path, Follow follow) {
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow == Follow::yes ? 0 : O_NOFOLLOW);
    OpenedDir opened{.fd = Fd(again([&] { return ::openat(at, path, flags); }))};
    if (opened.fd || errno != EACCES) return opened;
    return {.fd = Fd(again([&] { return ::openat(at, path, flags | O_PATH); })), .readable = false};
}

PosixDir::PosixDir(OpenedDir opened, std::string path)
    : fd_(std::move(opened.fd)),
      path_(std::make_shared<const std::string>(shortened(std::move(path)))),
      readable_(opened.readable) {}

std::string PosixDir::place(const std::string& name) const { return join_path(*path_, name); }

void PosixDir::fail(std::string_view what, const std::string& name) const {
    int error = errno;
    throw system_failure(what, place(name), error);
}

const char* PosixDir::single(const std::string& name) const {
    if (is_name(name)) return name.c_str();
    throw Failure({.what = "cannot use the name '" + name + "'",
                   .where = *path_,
                   .why = "it does not name one object in a directory",
                   .todo = {},
                   .error = EINVAL});
}

const char* PosixDir::single_or_self(const std::string& name) const { return name == "." ? "" : single(name); }

// --- opening and making files and directories

void PosixDir::require_regular(const Fd& fd, const std::string& name) const {
    struct stat found;
    require([&] { return ::fstat(fd.get(), &found); }, "cannot open", name);
    if (S_ISREG(found.st_mode)) return;
    throw Failure({.what = "cannot open",
                   .where = place(name),
                   .why = "it is not a regular file",
                   .todo = {},
                   .error = S_ISDIR(found.st_mode) ? EISDIR : EINVAL});
}

Fd PosixDir::open_existing(const std::string& name, int flags) {
    const char* text = single(name);
    // Direct access too: a time of reading to be written would make the next sync wait for one more block.
    if (keep_atime_ && (flags == O_RDONLY || (flags & O_DIRECT) != 0)) {
        Fd fd(again([&] { return ::openat(fd_.get(), text, flags | safely | O_NOATIME); }));
        if (fd || errno != EPERM) return fd;
        keep_atime_ = false;  // another owner's file: most of its neighbours will be too
    }
    return Fd(again([&] { return ::openat(fd_.get(), text, flags | safely); }));
}

std::unique_ptr<File> PosixDir::file_of(Fd fd, const std::string& name) const {
    return std::make_unique<PosixFile>(std::move(fd), Origin{path_, name});
}

std::unique_ptr<File> PosixDir::find_file(const std::string& name, Access access) {
    Fd fd = open_existing(name, access == Access::read ? O_RDONLY : O_RDWR | (access == Access::direct ? O_DIRECT : 0));
    if (!fd && errno == EINVAL && access == Access::direct) fd = open_existing(name, O_RDWR);  // tmpfs and the like
    if (!fd && errno == ENOENT) return nullptr;
    if (!fd && errno == ELOOP)
        throw Failure(
            {.what = "cannot open", .where = place(name), .why = "it is a symbolic link", .todo = {}, .error = ELOOP});
    if (!fd) fail("cannot open", name);
    require_regular(fd, name);
    return file_of(std::move(fd), name);
}

void PosixDir::start_reading(const std::string& name) {
    if (const Fd fd = open_existing(name, O_RDONLY)) (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_WILLNEED);
}

std::unique_ptr<Dir> PosixDir::find_dir(const std::string& name) {
    if (name != ".") (void)single(name);
    OpenedDir opened = open_directory(fd_.get(), name.c_str(), Follow::no);
    if (!opened.fd && errno == ENOENT) return nullptr;
    if (!opened.fd) fail("cannot open the directory", name);
    return std::make_unique<PosixDir>(std::move(opened), place(name));
}

std::unique_ptr<File> PosixDir::create_file(const std::string& name, std::uint32_t mode) {
    const char* text = single(name);
    Fd fd(again([&] { return ::openat(fd_.get(), text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode); }));
    if (!fd && errno == EEXIST) return nullptr;
    if (!fd) fail("cannot create", name);
    return file_of(std::move(fd), name);
}

std::unique_ptr<File> PosixDir::create_unnamed(std::uint32_t mode) {
    Fd fd(again([&] { return ::openat(fd_.get(), ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode); }));
    // Kernels and file systems that do not know O_TMPFILE see a directory opened for writing.
    if (!fd && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) return nullptr;
    if (!fd) fail("cannot create a file in", ".");
    return file_of(std::move(fd), "(unnamed)");
}

bool PosixDir::publish(File& unnamed, const std::string& name) {
    const int fd = dynamic_cast<PosixFile&>(unnamed.undecorated()).fd();
    const char* text = single(name);
    auto link = [&] {
        int result = ::linkat(fd, "", fd_.get(), text, AT_EMPTY_PATH);
        if (result == 0 || errno != ENOENT) return result;
        // The kernel asks for CAP_DAC_READ_SEARCH in this odd way; the other door is open to all.
        const std::string handle = "/proc/self/fd/" + std::to_string(fd);
        return ::linkat(AT_FDCWD, handle.c_str(), fd_.get(), text, AT_SYMLINK_FOLLOW);
    };
    return unless(EEXIST, link, "cannot create", name);
}

bool PosixDir::make_dir(const std::string& name, std::uint32_t mode) {
    auto make = [&] { return ::mkdirat(fd_.get(), single(name), mode); };
    return unless(EEXIST, make, "cannot create the directory", name);
}

bool PosixDir::make_symlink(const std::string& name, const std::string& target) {
    auto make = [&] { return ::symlinkat(target.c_str(), fd_.get(), single(name)); };
    return unless(EEXIST, make, "cannot create the link", name);
}

bool PosixDir::make_node(const std::string& name, Kind kind, std::uint32_t mode, std::uint64_t rdev) {
    auto make = [&] { return ::mknodat(fd_.get(), single(name), type_bits(kind) | mode, rdev); };
    return unless(EEXIST, make, "cannot create", name);
}

bool PosixDir::make_link(const std::string& name, Dir& to, const std::string& new_name) {
    auto link = [&] { return ::linkat(fd_.get(), single(name), descriptor_of(to), single(new_name), 0); };
    return unless(EEXIST, link, "cannot link", name);
}

// --- names

void PosixDir::rename(const std::string& name, Dir& to, const std::string& to_name) {
    const int to_fd = descriptor_of(to);
    require([&] { return ::renameat(fd_.get(), single(name), to_fd, single(to_name)); }, "cannot rename", name);
}

bool PosixDir::rename_new(const std::string& name, Dir& to, const std::string& to_name) {
    const int to_fd = descriptor_of(to);
    auto move = [&] {
        int result = ::renameat2(fd_.get(), single(name), to_fd, single(to_name), RENAME_NOREPLACE);
        if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
        // A file system without it. A crash between these two leaves both names, each with the whole file.
        result = ::linkat(fd_.get(), name.c_str(), to_fd, to_name.c_str(), 0);
        return result == 0 ? ::unlinkat(fd_.get(), name.c_str(), 0) : result;
    };
    return unless(EEXIST, move, "cannot rename", name);
}

bool PosixDir::exchange(const std::string& name, Dir& to, const std::string& to_name) {
    const int to_fd = descriptor_of(to);
    auto swap = [&] { return ::renameat2(fd_.get(), single(name), to_fd, single(to_name), RENAME_EXCHANGE); };
    return unless(EINVAL, swap, "cannot exchange", name);
}

bool PosixDir::remove_file(const std::string& name) {
    auto remove = [&] { return ::unlinkat(fd_.get(), single(name), 0); };
    return unless(ENOENT, remove, "cannot remove", name);
}

bool PosixDir::remove_dir(const std::string& name) {
    auto remove = [&] { return ::unlinkat(fd_.get(), single(name), AT_REMOVEDIR); };
    return unless(ENOENT, remove, "cannot remove the directory", name);
}

// --- looking

std::optional<Stat> PosixDir::stat(const std::string& name) {
    struct statx found;
    const char* text = single_or_self(name);
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
    auto look = [&] { return ::statx(fd_.get(), text, flags, STATX_BASIC_STATS, &found); };
    if (!unless(ENOENT, look, "cannot stat", name)) return std::nullopt;
    return to_stat(found);
}

std::string PosixDir::read_symlink(const std::string& name) {
    std::array<char, PATH_MAX + 1> target;
    const char* text = single(name);
    ssize_t size = again([&] { return ::readlinkat(fd_.get(), text, target.data(), target.size()); });
    if (size < 0) fail("cannot read the link", name);
    return {target.data(), static_cast<std::size_t>(size)};
}

std::vector<Listed> PosixDir::list() {
    std::array<char, 65536> buffer;  // not cleared: a thousand names with one call, and no allocation
    std::vector<Listed> names;
    errno = EACCES;
    if (!readable_) fail("cannot list", ".");
    std::lock_guard turn(list_mutex_);
    if (listed_ && ::lseek(fd_.get(), 0, SEEK_SET) < 0) fail("cannot list", ".");
    listed_ = true;
    for (;;) {
        ssize_t size = again([&] { return ::getdents64(fd_.get(), buffer.data(), buffer.size()); });
        if (size == 0 || (size < 0 && errno == ENOENT)) return names;  // ENOENT: the directory itself was removed
        if (size < 0) fail("cannot list", ".");
        append_names({buffer.data(), static_cast<std::size_t>(size)}, names);
    }
}

// --- attributes

void PosixDir::set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) {
    const char* text = single_or_self(name);
    const int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
    require([&] { return ::fchownat(fd_.get(), text, uid, gid, flags); }, "cannot set the owner", name);
}

void PosixDir::set_mode(const std::string& name, std::uint32_t mode) {
    auto change = [&] {
        if (name == ".") return readable_ ? ::fchmod(fd_.get(), mode) : ::fchmodat(fd_.get(), ".", mode, 0);
        // Where the kernel cannot leave links alone, glibc goes through O_PATH and /proc/self/fd.
        return ::fchmodat(fd_.get(), single(name), mode, AT_SYMLINK_NOFOLLOW);
    };
    require(change, "cannot set the mode", name);
}

void PosixDir::set_mtime(const std::string& name, Time mtime) {
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = mtime.s, .tv_nsec = mtime.ns}};
    const char* text = single_or_self(name);
    const int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
    require([&] { return ::utimensat(fd_.get(), text, times, flags); }, "cannot set the time", name);
}

XattrTarget PosixDir::attributes_of(const std::string& name) const {
    if (name == "." && readable_) return {.fd = fd_.get(), .path = {}};
    const std::string self = "/proc/self/fd/" + std::to_string(fd_.get()) + "/";
    return {.fd = -1, .path = name == "." ? self + "." : self + single(name)};
}

std::vector<Xattr> PosixDir::xattrs(const std::string& name) {
    XattrsRead read = read_xattrs(attributes_of(name));
    if (read.error != 0) throw system_failure("cannot read the attributes", place(name), read.error);
    return std::move(read.xattrs);
}

void PosixDir::set_xattr(const std::string& name, const Xattr& xattr) {
    int error = write_xattr(attributes_of(name), xattr);
    if (error != 0) throw system_failure("cannot set " + xattr.name, place(name), error);
}

void PosixDir::remove_xattr(const std::string& name, const std::string& xattr) {
    int error = erase_xattr(attributes_of(name), xattr);
    if (error != 0) throw system_failure("cannot remove " + xattr, place(name), error);
}

// --- the disk below

void PosixDir::sync_by(int (*call)(int)) {
    if (int error = poison_; error != 0) throw system_failure("cannot write to the disk", *path_, error);
    int error = EACCES;
    if (readable_) {
        if (again([&] { return call(fd_.get()); }) == 0) return;
        error = errno;
        poison_ = error;
    }
    throw system_failure("cannot write to the disk", *path_, error);
}

void PosixDir::sync() { sync_by(::fsync); }

void PosixDir::sync_file_system() { sync_by(::syncfs); }

std::uint64_t PosixDir::free_bytes() {
    struct statvfs found;
    require([&] { return ::fstatvfs(fd_.get(), &found); }, "cannot ask for the free space", ".");
    return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

bool PosixDir::on_disk() {
    struct statfs found;
    require([&] { return ::fstatfs(fd_.get(), &found); }, "cannot ask for the kind of file system", ".");
    const auto type = static_cast<std::uint32_t>(found.f_type);
    return type != TMPFS_MAGIC && type != RAMFS_MAGIC && type != HUGETLBFS_MAGIC;
}

}  // namespace ft::io
