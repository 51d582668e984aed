// POSIX shared memory segments as Linux keeps them: files of /dev/shm.
#pragma once

#include <fmt/format.h>

#include <string>

#include "libcore/base/text.h"
#include "libcore/ui/flags.h"

namespace ft::tools {

inline constexpr const char* segments_folder = "/dev/shm";

/// The file of segment "/table" (or "table"). fails  Exit::usage for what shm_open(3) would not take.
[[nodiscard]] inline std::string segment_file(const std::string& name) {
    std::string file = name.starts_with('/') ? name.substr(1) : name;
    if (file.empty() || file.size() > 255 || file.find('/') != std::string::npos || file == "." || file == "..")
        throw ui::usage_failure("--shm", "", fmt::format("'{}' is not the name of a segment", printable(name)),
                                "give it as to shm_open: /NAME");
    return file;
}

}  // namespace ft::tools
