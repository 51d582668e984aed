#include "libcore/counter/state.h"

#include <algorithm>

namespace ft::counter {

KeyId key_id(std::string_view key) { return fingerprint_of(view_of(key), 0); }

const Member* find(const std::vector<Member>& members, const Uuid& replica) {
    const auto found =
        std::find_if(members.begin(), members.end(), [&](const Member& one) { return one.replica == replica; });
    return found == members.end() ? nullptr : &*found;
}

void Head::remember(std::uint64_t mark) {
    std::rotate(marks.begin(), marks.begin() + 1, marks.end());
    marks.back() = mark;
}

}  // namespace ft::counter
