// The machine's disk as the programs open it: with the faults of FT_FAULTS where that is set (io/fault_script.h).
#pragma once

#include <memory>
#include <string>

#include "libcore/io/dir.h"
#include "libcore/io/fault_script.h"
#include "libcore/io/posix.h"

namespace ft::tools {

/// The path in full, as seen from the current folder.
[[nodiscard]] std::string absolute(const std::string& path);

/// Outlives all that was opened through it.
class Disk {
public:
    Disk();
    /// nullptr where it is missing.
    [[nodiscard]] std::unique_ptr<io::Dir> find(const std::string& path);
    [[nodiscard]] std::unique_ptr<io::Dir> open(const std::string& path);
    /// Makes it and its missing ancestors; private to the user.
    [[nodiscard]] std::unique_ptr<io::Dir> make(const std::string& path);
    [[nodiscard]] io::Located locate(const std::string& path);

private:
    [[nodiscard]] std::unique_ptr<io::Dir> with_faults(std::unique_ptr<io::Dir> dir);
    std::unique_ptr<io::FaultScript> faults_;  // null: none
};

}  // namespace ft::tools
