#include "tools/common/disk.h"

#include <filesystem>
#include <system_error>

#include "libcore/base/failure.h"
#include "libcore/io/faulty.h"
#include "libcore/ui/env.h"

namespace ft::tools {

std::string absolute(const std::string& path) {
    std::error_code error;
    const std::filesystem::path full = std::filesystem::absolute(path, error);
    if (error) throw system_failure("cannot tell the current folder", path, error.value());
    return full.lexically_normal().string();
}

Disk::Disk() {
    if (const auto script = ui::Env::variable("FT_FAULTS")) faults_ = std::make_unique<io::FaultScript>(*script);
}

std::unique_ptr<io::Dir> Disk::with_faults(std::unique_ptr<io::Dir> dir) {
    if (!faults_ || !dir) return dir;
    return io::with_faults(std::move(dir), *faults_);
}

std::unique_ptr<io::Dir> Disk::find(const std::string& path) { return with_faults(io::find_root(path)); }

std::unique_ptr<io::Dir> Disk::open(const std::string& path) { return with_faults(io::open_root(path)); }

std::unique_ptr<io::Dir> Disk::make(const std::string& path) { return with_faults(io::make_root(path, true)); }

io::Located Disk::locate(const std::string& path) {
    io::Located found = io::locate(path);
    found.dir = with_faults(std::move(found.dir));
    return found;
}

}  // namespace ft::tools
