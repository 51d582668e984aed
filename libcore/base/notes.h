// What was skipped or could not be kept, said in one line per kind however often it happened.
//
//     notes.add("cannot read", path, "Permission denied");   // 1000 times: "cannot read 1000 files, the first: ..."
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ft {

struct Note {
    std::string what;   ///< "cannot read", "skipped socket", "changed while read"
    std::string why;    ///< may be empty
    std::string first;  ///< the first object it happened to
    std::uint64_t count = 0;
    bool incomplete = true;  ///< the operation is not complete because of it: exit 3
};

/// Thread-safe collector. Keeps one Note per (what, why).
class Notes {
public:
    void add(std::string_view what, std::string_view object, std::string_view why, bool incomplete = true);
    [[nodiscard]] std::vector<Note> take();

private:
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, Note> notes_;
};

}  // namespace ft
