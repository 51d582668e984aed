// Every promise of libcore/io/dir.h, checked on any implementation of Dir and File.
//
//     class MyDisk final : public TestedDisk { ... };
//     TEST_CASE("my disk keeps the promises of Dir") { MyDisk disk; keep_dir_promises(disk); }
//
// dir_suite_names.cpp, dir_suite_files.cpp and dir_suite_attributes.cpp hold the promises, each a small function.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/io/dir.h"

namespace ft::conformance {

/// What this process can do there. Where it cannot, the suite checks that it is refused as promised.
struct Powers {
    bool owners = true;          ///< give files to others
    bool devices = true;         ///< make device nodes
    bool trusted_xattrs = true;  ///< set trusted.*, the one namespace that symbolic links have
    bool unnamed = true;         ///< create_unnamed
    bool exchange = true;
    bool holes = true;  ///< next_data tells holes of whole 64 KiB, punch_hole makes them
    bool user_xattrs = true;
};

class TestedDisk {
public:
    virtual ~TestedDisk() = default;
    /// A new, empty directory; all of them on one file system. Handles go before the disk.
    virtual std::unique_ptr<io::Dir> empty_dir() = 0;
    virtual Powers powers() = 0;
};

/// One promise: what is said in dir.h, and the function that checks it in an empty directory.
struct Promise {
    std::string_view words;
    void (*check)(io::Dir& dir, const Powers& powers);
};

/// Checks all promises, each as a section of the running test case.
void keep_dir_promises(TestedDisk& disk);

[[nodiscard]] std::vector<Promise> promises_on_names();
[[nodiscard]] std::vector<Promise> promises_on_moves();
[[nodiscard]] std::vector<Promise> promises_on_files();
[[nodiscard]] std::vector<Promise> promises_on_attributes();

/// The errno of the Failure that `call` throws; 0 where it throws none.
[[nodiscard]] int error_of(const std::function<void()>& call);

/// A file of that content.
void put(io::Dir& dir, const std::string& name, std::string_view content);
/// The content of a file.
[[nodiscard]] std::string get(io::Dir& dir, const std::string& name);
[[nodiscard]] std::string content_of(io::File& file);
/// The names of list(), sorted.
[[nodiscard]] std::vector<std::string> names_in(io::Dir& dir);
/// Removes all that is in a directory.
void clear(io::Dir& dir);

}  // namespace ft::conformance
