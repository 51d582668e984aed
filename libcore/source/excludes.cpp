#include "libcore/source/excludes.h"

#include <algorithm>

#include "libcore/base/text.h"

namespace ft::source {

Excludes::Excludes(const std::vector<std::string>& globs) {
    for (std::string_view text : globs) {
        Glob glob;
        while (text.size() > 1 && text.ends_with('/')) {
            text.remove_suffix(1);
            glob.only_dirs = true;
        }
        glob.whole_path = text.find('/') != std::string_view::npos;
        while (text.starts_with('/')) text.remove_prefix(1);
        if (text.empty()) continue;
        glob.text = text;
        any_path_ |= glob.whole_path;
        ask_kind_ |= glob.only_dirs;
        globs_.push_back(std::move(glob));
    }
}

bool Excludes::match(std::string_view above, std::string_view name, bool is_dir) const {
    std::string path;
    if (any_path_) path.append(above).append(above.empty() ? "" : "/").append(name);
    return std::any_of(globs_.begin(), globs_.end(), [&](const Glob& glob) {
        if (glob.only_dirs && !is_dir) return false;
        return glob_match(glob.text, glob.whole_path ? std::string_view(path) : name);
    });
}

}  // namespace ft::source
