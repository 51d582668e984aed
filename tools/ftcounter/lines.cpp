#include "tools/ftcounter/lines.h"

#include <algorithm>
#include <cstring>

namespace ft::tools {

std::optional<std::string_view> Lines::next() {
    const std::string_view there(reinterpret_cast<const char*>(buffer_.data()) + begin_, end_ - begin_);
    const std::size_t newline = there.find('\n');
    if (newline != std::string_view::npos) {
        begin_ += newline + 1;
        return there.substr(0, newline);
    }
    if (there.size() < longest && !(ended_ && !there.empty())) return std::nullopt;
    begin_ = end_;
    return there;
}

bool Lines::read() {
    if (ended_) return false;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    const std::size_t got = input_.read_some(std::span(buffer_).subspan(end_));
    end_ += got;
    ended_ = got == 0;
    return !ended_ || end_ > 0;
}

}  // namespace ft::tools
