// A directory of the machine's disk for one test, gone with it.
//
//     ScratchFolder scratch;                 // below $TMPDIR or /tmp
//     auto dir = open_root(scratch.path());
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace ft {

class ScratchFolder {
public:
    explicit ScratchFolder(const std::filesystem::path& below = std::filesystem::temp_directory_path())
        : path_((below / "ft-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;  // what a failed test leaves behind must not hide its failure
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace ft
