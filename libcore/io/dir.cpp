#include "libcore/io/dir.h"

#include <algorithm>
#include <cerrno>

#include "libcore/base/failure.h"

namespace ft::io {

bool is_name(std::string_view name) {
    if (name.empty() || name == "." || name == "..") return false;
    return std::none_of(name.begin(), name.end(), [](char c) { return c == '/' || c == '\0'; });
}

std::string join_path(const std::string& dir, const std::string& name) {
    if (name == "." || name.empty()) return dir;
    if (dir == ".") return name;
    return dir.ends_with('/') ? dir + name : dir + "/" + name;
}

std::unique_ptr<File> open_file(Dir& dir, const std::string& name, Access access) {
    auto file = dir.find_file(name, access);
    if (!file) throw system_failure("cannot open", join_path(dir.path(), name), ENOENT);
    return file;
}

std::unique_ptr<Dir> open_dir(Dir& dir, const std::string& name) {
    auto found = dir.find_dir(name);
    if (!found) throw system_failure("cannot open", join_path(dir.path(), name), ENOENT);
    return found;
}

std::unique_ptr<Dir> ensure_dir(Dir& dir, const std::string& name, std::uint32_t mode) {
    std::unique_ptr<Dir> found = dir.find_dir(name);
    if (!found) dir.make_dir(name, mode);
    dir.sync();
    return found ? std::move(found) : open_dir(dir, name);
}

void replace_file(Dir& dir, const std::string& name, View content, std::uint32_t mode) {
    const std::string hidden = "." + name + ".ft-new";
    dir.remove_file(hidden);  // of one that was killed
    const std::unique_ptr<File> file = dir.create_file(hidden, mode);
    if (!file)
        throw Failure({.what = "cannot write",
                       .where = join_path(dir.path(), name),
                       .why = "another is writing it",
                       .exit = Exit::busy});
    file->write_at(content, 0);
    file->sync();
    dir.rename(hidden, dir, name);
    dir.sync();
}

Bytes read_whole(File& file, std::uint64_t limit) {
    // Not by stat's size alone: files of /proc say 0.
    std::uint64_t expected = std::min(file.stat().size, limit);
    Bytes bytes;
    std::size_t filled = 0;
    for (std::size_t room = expected + 1;; room = 2 * bytes.size()) {
        bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(room, limit + 1)));
        filled += file.read_at(std::span(bytes).subspan(filled), filled);
        if (filled > limit)
            throw damage(file.path(), "longer than the " + std::to_string(limit) + " bytes it may have");
        if (filled < bytes.size()) break;
    }
    bytes.resize(filled);
    return bytes;
}

}  // namespace ft::io
