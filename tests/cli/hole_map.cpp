// Prints all that a checkpoint keeps of a tree, one line an object, so that two trees can be compared with diff:
//
//     hole_map DIR    ->    path mode uid:gid mtime.ns kind, size, data extents, sum of the data, target, device,
//     xattrs, first name
//
// It shares no code with the product, whose witness it is: names are resolved from descriptors, so that no path is too
// long.
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "hole_map: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        char hex[8];
        std::snprintf(hex, sizeof hex, "\\x%02x", byte);
        out += std::isgraph(byte) != 0 && c != '\\' ? std::string(1, c) : hex;
    }
    return out;
}

/// FNV-1a over words, enough to see a difference.
class Sum {
public:
    void add(const std::vector<char>& data, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i)
            value_ = (value_ ^ static_cast<unsigned char>(data[i])) * 1099511628211ULL;
    }
    [[nodiscard]] std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 14695981039346656037ULL;
};

void add_range(int fd, off_t from, off_t to, Sum& sum) {
    std::vector<char> buffer(1U << 20);
    while (from < to) {
        const ssize_t got =
            ::pread(fd, buffer.data(), std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(to - from)), from);
        if (got <= 0) die("cannot read");
        sum.add(buffer, static_cast<std::size_t>(got));
        from += got;
    }
}

std::string content(int at, const std::string& name, off_t size) {
    const int fd = ::openat(at, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) die(name);
    ::fsync(fd);  // where data waits to be written, the extents are not settled
    std::string extents;
    Sum sum;
    for (off_t data = 0; data < size;) {
        data = ::lseek(fd, data, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;
        const off_t hole = data < 0 ? -1 : ::lseek(fd, data, SEEK_HOLE);
        if (hole < 0) die(name);
        extents += " " + std::to_string(data) + "-" + std::to_string(hole);
        add_range(fd, data, hole, sum);
        data = hole;
    }
    ::close(fd);
    return "size " + std::to_string(size) + " data" + extents + " sum " + std::to_string(sum.value());
}

std::string xattrs(int at, const std::string& name) {
    const std::string path = "/proc/self/fd/" + std::to_string(at) + "/" + name;
    std::vector<char> names(65536), value(65536);
    const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
    if (length < 0) return errno == ENOTSUP ? "" : (die(name), "");
    std::map<std::string, std::string> found;
    for (ssize_t i = 0; i < length; i += static_cast<ssize_t>(std::strlen(&names[static_cast<std::size_t>(i)])) + 1) {
        const std::string key = &names[static_cast<std::size_t>(i)];
        const ssize_t size = ::lgetxattr(path.c_str(), key.c_str(), value.data(), value.size());
        if (size < 0) die(key);
        found[key] = std::string(value.data(), static_cast<std::size_t>(size));
    }
    std::string out;
    for (const auto& [key, bytes] : found) out += " " + escaped(key) + "=" + escaped(bytes);
    return out;
}

std::string target(int at, const std::string& name) {
    std::vector<char> buffer(65536);
    const ssize_t length = ::readlinkat(at, name.c_str(), buffer.data(), buffer.size());
    if (length < 0) die(name);
    return escaped(std::string(buffer.data(), static_cast<std::size_t>(length)));
}

class Map {
public:
    void print(int at, const std::string& name, const std::string& path) {
        struct stat stat;
        if (::fstatat(at, name.c_str(), &stat, AT_SYMLINK_NOFOLLOW) != 0) die(path);
        std::printf("%s %04o %u:%u %lld.%09ld %s%s%s\n", path.empty() ? "." : escaped(path).c_str(),
                    stat.st_mode & 07777U, stat.st_uid, stat.st_gid, static_cast<long long>(stat.st_mtim.tv_sec),
                    stat.st_mtim.tv_nsec, what(at, name, stat).c_str(), xattrs(at, name).c_str(),
                    first_name(stat, path).c_str());
        if (S_ISDIR(stat.st_mode)) print_below(at, name, path);
    }

private:
    static std::string what(int at, const std::string& name, const struct stat& stat) {
        switch (stat.st_mode & S_IFMT) {
            case S_IFREG:
                return "file " + content(at, name, stat.st_size);
            case S_IFDIR:
                return "directory";
            case S_IFLNK:
                return "link " + target(at, name);
            case S_IFIFO:
                return "fifo";
            case S_IFCHR:
                return "char " + std::to_string(major(stat.st_rdev)) + ":" + std::to_string(minor(stat.st_rdev));
            case S_IFBLK:
                return "block " + std::to_string(major(stat.st_rdev)) + ":" + std::to_string(minor(stat.st_rdev));
            default:
                return "socket";
        }
    }

    std::string first_name(const struct stat& stat, const std::string& path) {
        if (stat.st_nlink < 2 || S_ISDIR(stat.st_mode)) return "";
        const auto [at, is_new] = first_.try_emplace({stat.st_dev, stat.st_ino}, path);
        return is_new ? " first of a group" : " same as " + escaped(at->second);
    }

    void print_below(int at, const std::string& name, const std::string& path) {
        const int fd = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR* dir = fd < 0 ? nullptr : ::fdopendir(fd);
        if (dir == nullptr) die(path);
        std::vector<std::string> names;
        while (const dirent* entry = ::readdir(dir))
            if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
                names.emplace_back(entry->d_name);
        std::sort(names.begin(), names.end());
        const std::string above = path.empty() ? "" : path + "/";
        for (const std::string& child : names) print(fd, child, above + child);
        ::closedir(dir);
    }

    std::map<std::pair<dev_t, ino_t>, std::string> first_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: hole_map DIR\n", stderr);
        return 2;
    }
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    const int root = ::open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) die(argv[1]);
    Map().print(root, ".", "");
    return std::fflush(stdout) == 0 ? 0 : 1;
}
