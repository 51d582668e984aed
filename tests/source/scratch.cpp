#include "tests/source/scratch.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"

namespace ft::source {

Scratch::Scratch() : root_((std::filesystem::temp_directory_path() / "ft-source-XXXXXX").string()) {
    check(::mkdtemp(root_.data()) != nullptr, "a scratch directory can be made");
    check(::chmod(root_.c_str(), 0777) == 0, "its maker can open it to all");
}

Scratch::~Scratch() {
    // rm goes down to any depth; directories that a test closed are opened first.
    const std::string command = "chmod -R u+rwX '" + root_ + "' 2>/dev/null; rm -rf '" + root_ + "'";
    check(std::system(command.c_str()) == 0, "a scratch directory can be removed");
}

std::unique_ptr<io::Dir> Scratch::dir(const std::string& name) const { return io::open_root(path(name)); }

void Scratch::make_dir(const std::string& name) const { std::filesystem::create_directories(path(name)); }

void Scratch::make_file(const std::string& name, std::string_view content) const {
    std::ofstream file(path(name), std::ios::binary);
    file << content;
    file.close();
    check(!file.fail(), "a file of the test can be written");
}

bool is_root() { return ::geteuid() == 0; }

AsNobody::AsNobody() : was_root_(is_root()) {
    if (!was_root_) return;
    groups_.resize(static_cast<std::size_t>(::getgroups(0, nullptr)));
    check(::getgroups(static_cast<int>(groups_.size()), groups_.data()) >= 0, "root's groups can be read");
    const bool changed = ::setgroups(0, nullptr) == 0 && ::setegid(65534) == 0 && ::seteuid(65534) == 0;
    check(changed, "root can become nobody");
}

AsNobody::~AsNobody() {
    if (!was_root_) return;
    const bool changed = ::seteuid(0) == 0 && ::setegid(0) == 0 && ::setgroups(groups_.size(), groups_.data()) == 0;
    check(changed, "root can come back");
}

std::vector<Found> walk_all(const std::string& path, const WalkOptions& options, Notes& notes) {
    io::Located at = io::locate(path);
    TreeWalk walk(std::move(at.dir), at.name, options, notes);
    std::vector<Found> all;
    while (std::optional<Found> found = walk.next()) all.push_back(std::move(*found));
    return all;
}

std::vector<std::string> paths_of(const std::vector<Found>& all) {
    std::vector<std::string> paths;
    paths.reserve(all.size());
    for (const Found& found : all) paths.push_back(found.entry.path);
    return paths;
}

}  // namespace ft::source
