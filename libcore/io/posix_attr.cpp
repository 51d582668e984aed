#include "libcore/io/posix_attr.h"
#include "libcore/base/fd.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ft::io {

namespace {

constexpr std::size_t usual_names = 1024;  // nearly every object has no attribute, or a few
constexpr std::size_t most = 65536;        // XATTR_LIST_MAX and XATTR_SIZE_MAX of the kernel

ssize_t list_names(const XattrTarget& target, char* into, std::size_t size) {
    return again([&] {
        return target.fd >= 0 ? ::flistxattr(target.fd, into, size) : ::llistxattr(target.path.c_str(), into, size);
    });
}

ssize_t get_value(const XattrTarget& target, const char* name, char* into, std::size_t size) {
    return again([&] {
        return target.fd >= 0 ? ::fgetxattr(target.fd, name, into, size)
                              : ::lgetxattr(target.path.c_str(), name, into, size);
    });
}

XattrsRead read_values(const XattrTarget& target, std::string_view names) {
    std::array<char, most> value;  // not cleared: only what the kernel wrote is read
    XattrsRead read;
    while (!names.empty()) {
        std::string name(names.substr(0, names.find('\0')));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
        ssize_t size = get_value(target, name.c_str(), value.data(), value.size());
        if (size < 0 && errno == ENODATA) continue;
        if (size < 0) return {.xattrs = {}, .error = errno};
        read.xattrs.push_back({std::move(name), std::string(value.data(), static_cast<std::size_t>(size))});
    }
    std::sort(read.xattrs.begin(), read.xattrs.end());
    return read;
}

Time to_time(const statx_timestamp& from) { return {.s = from.tv_sec, .ns = from.tv_nsec}; }

}  // namespace

std::optional<Kind> kind_of(std::uint32_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return Kind::file;
        case S_IFDIR:
            return Kind::dir;
        case S_IFLNK:
            return Kind::symlink;
        case S_IFIFO:
            return Kind::fifo;
        case S_IFCHR:
            return Kind::char_device;
        case S_IFBLK:
            return Kind::block_device;
        case S_IFSOCK:
            return Kind::socket;
        default:
            return std::nullopt;
    }
}

std::uint32_t type_bits(Kind kind) {
    switch (kind) {
        case Kind::file:
            return S_IFREG;
        case Kind::dir:
            return S_IFDIR;
        case Kind::symlink:
            return S_IFLNK;
        case Kind::fifo:
            return S_IFIFO;
        case Kind::char_device:
            return S_IFCHR;
        case Kind::block_device:
            return S_IFBLK;
        case Kind::socket:
            return S_IFSOCK;
    }
    return 0;
}

Stat to_stat(const struct statx& from) {
    return {.kind = kind_of(from.stx_mode).value_or(Kind::file),
            .mode = from.stx_mode & 07777U,
            .uid = from.stx_uid,
            .gid = from.stx_gid,
            .size = from.stx_size,
            .ino = from.stx_ino,
            .dev = makedev(from.stx_dev_major, from.stx_dev_minor),
            .rdev = makedev(from.stx_rdev_major, from.stx_rdev_minor),
            .links = from.stx_nlink,
            .allocated = from.stx_blocks * 512,
            .mtime = to_time(from.stx_mtime),
            .ctime = to_time(from.stx_ctime),
            .mount_point = (from.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0};
}

XattrsRead read_xattrs(const XattrTarget& target) {
    std::array<char, usual_names> few;
    ssize_t size = list_names(target, few.data(), few.size());
    if (size >= 0) return read_values(target, {few.data(), static_cast<std::size_t>(size)});
    if (errno == ENOTSUP) return {};
    if (errno != ERANGE) return {.xattrs = {}, .error = errno};
    std::string many(most, '\0');
    size = list_names(target, many.data(), many.size());
    if (size < 0) return {.xattrs = {}, .error = errno};
    return read_values(target, std::string_view(many).substr(0, static_cast<std::size_t>(size)));
}

int write_xattr(const XattrTarget& target, const Xattr& xattr) {
    int result = again([&] {
        return target.fd >= 0
                   ? ::fsetxattr(target.fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0)
                   : ::lsetxattr(target.path.c_str(), xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0);
    });
    return result == 0 ? 0 : errno;
}

int erase_xattr(const XattrTarget& target, const std::string& name) {
    int result = again([&] {
        return target.fd >= 0 ? ::fremovexattr(target.fd, name.c_str())
                              : ::lremovexattr(target.path.c_str(), name.c_str());
    });
    return result == 0 ? 0 : errno;
}

}  // namespace ft::io
