#include "libcore/counter/state.h"

#include <algorithm>

namespace ft::counter {

void Head::remember(std::uint64_t mark) {
    std::rotate(marks.begin(), marks.begin() + 1, marks.end());
    marks.back() = mark;
}

}  // namespace ft::counter
