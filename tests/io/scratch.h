// A directory of the machine's disk for one test, gone with it.
//
//     Scratch scratch;                 // below $TMPDIR or /tmp
//     auto dir = open_root(scratch.path());
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace ft {

class Scratch {
public:
    explicit Scratch(const std::filesystem::path& below = std::filesystem::temp_directory_path())
        : path_((below / "ft-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;  // what a failed test leaves behind must not hide its failure
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace ft
