#include "libcore/io/posix.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cinttypes>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/io/posix_dir.h"
#include "libcore/io/posix_file.h"

namespace ft::io {

namespace {

/// Opens a path of any length: in pieces, as the kernel takes none of PATH_MAX bytes. Empty, with errno, where it
/// fails.
OpenedDir open_path(const std::string& path) {
    std::string_view left = path;
    OpenedDir at;
    int from = AT_FDCWD;
    while (left.size() >= PATH_MAX) {
        const std::size_t cut = left.rfind('/', PATH_MAX - 2);
        if (cut == std::string_view::npos || cut == 0) break;  // no such component can exist: the kernel says so
        OpenedDir next = open_directory(from, std::string(left.substr(0, cut)).c_str(), Follow::yes);
        if (!next.fd) return next;
        at = std::move(next);
        from = at.fd.get();
        left.remove_prefix(std::min(left.size(), left.find_first_not_of('/', cut)));
    }
    return open_directory(from, left.empty() ? (path.empty() ? "" : ".") : std::string(left).c_str(), Follow::yes);
}

std::string without_trailing_slashes(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

/// Syncs a directory in which nothing was made just now. Where this process may not write, or the file system has no
/// such call for directories, there is nothing of ours to wait for.
void settle(const PosixDir& dir) {
    if (again([&] { return ::fsync(dir.fd()); }) == 0) return;
    if (errno != EBADF && errno != EINVAL && errno != EROFS)  // EBADF: a handle only to pass through
        throw system_failure("cannot write to the disk", dir.path(), errno);
}

/// The directory `name` in `dir`, durable whoever made it: a run that was killed between making it and its sync left a
/// name which can be seen and can yet be lost. Links are followed: it is the user's path.
std::unique_ptr<PosixDir> step_into(PosixDir& dir, const std::string& name, std::uint32_t mode) {
    const std::string path = join_path(dir.path(), name);
    OpenedDir opened = open_directory(dir.fd(), name.c_str(), Follow::yes);
    if (opened.fd) {
        settle(dir);
    } else if (errno == ENOENT) {
        if (again([&] { return ::mkdirat(dir.fd(), name.c_str(), mode); }) != 0 && errno != EEXIST)
            throw system_failure("cannot create the directory", path, errno);
        dir.sync();
        opened = open_directory(dir.fd(), name.c_str(), Follow::yes);
    }
    if (!opened.fd) throw system_failure("cannot open the directory", path, errno);
    return std::make_unique<PosixDir>(std::move(opened), path);
}

/// Components of a path, without empty ones and ".".
std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        std::string_view part = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(path.size(), part.size() + 1));
        if (!part.empty() && part != ".") parts.emplace_back(part);
    }
    return parts;
}

/// The pid in a line of /proc/locks that tells of a flock held on this inode.
std::optional<int> flock_owner(const std::string& line, const Stat& file) {
    int pid = 0;
    unsigned device_major = 0, device_minor = 0;
    std::uint64_t ino = 0;
    int fields =
        std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %d %x:%x:%" SCNu64, &pid, &device_major, &device_minor, &ino);
    if (fields != 4 || pid <= 0 || ino != file.ino) return std::nullopt;
    // btrfs and overlayfs show another device to stat than to the lock table: the inode has to do there.
    if (major(file.dev) != 0 && makedev(device_major, device_minor) != file.dev) return std::nullopt;
    return pid;
}

std::string read_proc(const std::string& dir, const std::string& name) {
    auto found = find_root(dir);
    auto file = found ? found->find_file(name, Access::read) : nullptr;
    return file ? std::string(text_of(read_whole(*file, 1U << 24))) : std::string();
}

std::string command_of(int pid) {
    constexpr std::size_t longest = 120;
    std::string words = read_proc("/proc/" + std::to_string(pid), "cmdline");
    while (words.ends_with('\0')) words.pop_back();
    std::replace(words.begin(), words.end(), '\0', ' ');
    if (words.size() > longest) words = words.substr(0, longest) + "...";
    return printable(words);
}

/// A field of mountinfo, in which the kernel writes blanks and backslashes as "\\040".
std::string unescaped(std::string_view field) {
    const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string text;
    while (!field.empty()) {
        const bool code =
            field.size() > 3 && field[0] == '\\' && is_octal(field[1]) && is_octal(field[2]) && is_octal(field[3]);
        text += code ? static_cast<char>((field[1] - '0') * 64 + (field[2] - '0') * 8 + (field[3] - '0')) : field[0];
        field.remove_prefix(code ? 4 : 1);
    }
    return text;
}

/// The mount point in a line of mountinfo: its fifth field.
std::string mount_point_of(std::string_view line) {
    for (int field = 1; field < 5; ++field) {
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) return {};
        line.remove_prefix(blank + 1);
    }
    return unescaped(line.substr(0, line.find(' ')));
}

}  // namespace

std::unique_ptr<Dir> find_root(const std::string& path) {
    OpenedDir opened = open_path(path);
    if (!opened.fd && errno == ENOENT) return nullptr;
    if (!opened.fd) throw system_failure("cannot open the directory", path, errno);
    return std::make_unique<PosixDir>(std::move(opened), without_trailing_slashes(path));
}

std::unique_ptr<Dir> open_root(const std::string& path) {
    auto found = find_root(path);
    if (!found) throw system_failure("cannot open the directory", path.empty() ? "''" : path, ENOENT);
    return found;
}

std::unique_ptr<Dir> make_root(const std::string& path, bool private_last) {
    if (path.empty()) throw system_failure("cannot create the directory", "''", ENOENT);
    const std::vector<std::string> parts = components(path);
    const std::string start = path.starts_with('/') ? "/" : ".";
    OpenedDir opened = open_directory(AT_FDCWD, start.c_str(), Follow::yes);
    if (!opened.fd) throw system_failure("cannot open the directory", start, errno);
    auto dir = std::make_unique<PosixDir>(std::move(opened), start);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        dir = step_into(*dir, parts[i], last && private_last ? 0700 : 0777);
    }
    return dir;
}

Located locate(const std::string& path) {
    if (path.empty()) throw system_failure("cannot find", "''", ENOENT);
    const std::string trimmed = without_trailing_slashes(path);
    const std::size_t slash = trimmed.rfind('/');
    const std::string name = slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
    if (trimmed == "/" || name == "." || name == "..") return {.dir = open_root(path), .name = "."};
    auto dir = open_root(slash == std::string::npos ? "." : trimmed.substr(0, slash + 1));
    if (trimmed.size() < path.size()) {  // "link/" means where the link leads, as in every program
        std::optional<Stat> last = dir->stat(name);
        if (last && last->kind == Kind::symlink) return {.dir = open_root(path), .name = "."};
    }
    return {.dir = std::move(dir), .name = name};
}

int descriptor_of(File& file) {
    const auto* posix = dynamic_cast<PosixFile*>(&file.undecorated());
    return posix != nullptr ? posix->fd() : -1;
}

std::string lock_holder(File& file) {
    const Stat stat = file.stat();
    std::string locks = read_proc("/proc", "locks");
    for (std::size_t start = 0; start < locks.size();) {
        const std::size_t end = std::min(locks.find('\n', start), locks.size());
        if (auto pid = flock_owner(locks.substr(start, end - start), stat)) {
            std::string command = command_of(*pid);
            return "pid " + std::to_string(*pid) + (command.empty() ? "" : " (" + command + ")");
        }
        start = end + 1;
    }
    return "another process";
}

std::vector<std::string> mounts_below(Dir& dir, const std::string& name) {
    const auto* posix = dynamic_cast<PosixDir*>(&dir.undecorated());
    if (posix == nullptr) return {};
    std::error_code unknown;  // a directory that was moved meanwhile, or no /proc
    const auto real = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(posix->fd()), unknown);
    return unknown ? std::vector<std::string>()
                   : mounts_in_table(read_proc("/proc/self", "mountinfo"), (real / name).string());
}

std::vector<std::string> mounts_in_table(std::string_view table, std::string_view path) {
    std::vector<std::string> below;
    while (!table.empty()) {
        const std::size_t end = std::min(table.find('\n'), table.size());
        const std::string point = mount_point_of(table.substr(0, end));
        table.remove_prefix(std::min(end + 1, table.size()));
        if (point.size() > path.size() + 1 && point.starts_with(path) && point[path.size()] == '/')
            below.push_back(point.substr(path.size() + 1));
    }
    return below;
}

}  // namespace ft::io
