// Which names of a tree are left out.
//
//     Excludes e({"*.o", "build/tmp", "/cache", "node_modules/"});
//     e.match("src", "a.o", false)         // true: a glob without '/' meets the name of any component
//     e.match("build", "tmp", true)        // true: with a '/' the path below the root
//     e.match("", "cache", true)           // true: '/' in front only ties a glob to the root
//     e.match("x", "node_modules", false)  // false: '/' at the end asks for a directory
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ft::source {

class Excludes {
public:
    /// globs  as base/text.h understands them; empty ones are dropped.
    explicit Excludes(const std::vector<std::string>& globs);
    /// Whether the entry `name` of the directory at path `above` ("" for the root) is left out, with all that it
    /// contains.
    [[nodiscard]] bool match(std::string_view above, std::string_view name, bool is_dir) const;
    [[nodiscard]] bool empty() const { return globs_.empty(); }
    /// Whether match() looks at is_dir.
    [[nodiscard]] bool ask_kind() const { return ask_kind_; }

private:
    struct Glob {
        std::string text;
        bool whole_path = false;
        bool only_dirs = false;
    };
    std::vector<Glob> globs_;
    bool any_path_ = false;
    bool ask_kind_ = false;
};

}  // namespace ft::source
