// Drives a Placer through the entries of one source: directories first, files by several threads, links and directory
// times in order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libcore/ckpt/place.h"
#include "libcore/ckpt/report.h"
#include "libcore/store/manifest.h"

namespace ft::ckpt {

struct TreeJob {
    const store::SourceRecord& source;
    std::string where;              ///< for messages: "job@7"
    std::vector<std::string> only;  ///< globs; empty: everything
    unsigned jobs = 0;
};

/// Places all (selected) entries of a source as `name` in `parent`. returns  what was placed.
[[nodiscard]] Totals place_tree(const TreeJob& job, store::Reader& reader, Placer& placer,
                                std::shared_ptr<io::Dir> parent, const std::string& name, Progress& progress);

}  // namespace ft::ckpt
