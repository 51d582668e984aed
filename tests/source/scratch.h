// A directory of its own for each test of trees, and a way to be nobody for a while.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/notes.h"
#include "libcore/io/dir.h"
#include "libcore/source/tree_walk.h"

namespace ft::source {

/// Made below $TMPDIR, open to all; removed with all that it contains.
class Scratch {
public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    /// "" is the directory itself.
    [[nodiscard]] std::string path(const std::string& name = "") const {
        return name.empty() ? root_ : root_ + "/" + name;
    }
    [[nodiscard]] std::unique_ptr<io::Dir> dir(const std::string& name = "") const;
    void make_dir(const std::string& name) const;
    void make_file(const std::string& name, std::string_view content = "") const;

private:
    std::string root_;
};

/// Without root's powers as long as it lives; for good where the test has none.
class AsNobody {
public:
    AsNobody();
    ~AsNobody();
    AsNobody(const AsNobody&) = delete;
    AsNobody& operator=(const AsNobody&) = delete;

private:
    bool was_root_;
    std::vector<unsigned> groups_;
};

[[nodiscard]] bool is_root();

/// All that a walk of `path` finds.
[[nodiscard]] std::vector<Found> walk_all(const std::string& path, const WalkOptions& options, Notes& notes);
[[nodiscard]] std::vector<std::string> paths_of(const std::vector<Found>& all);

}  // namespace ft::source
