#include "tests/house/checkout.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

namespace ft::house {

namespace {

const std::filesystem::path root = FT_ROOT;

/// Copies text while blanking what is not code.
class Blanker {
public:
    explicit Blanker(std::string text) : text_(std::move(text)) {}

    std::string run() {
        while (at_ < text_.size()) step();
        return text_;
    }

private:
    void step() {
        if (starts("//")) return blank_until("\n", 0);
        if (starts("/*")) return blank_until("*/", 2);
        if (starts("R\"")) return raw_string();
        if (text_[at_] == '"') return literal('"');
        if (text_[at_] == '\'' && !digit_separator()) return literal('\'');
        ++at_;
    }

    [[nodiscard]] bool starts(std::string_view what) const { return text_.compare(at_, what.size(), what) == 0; }

    [[nodiscard]] bool digit_separator() const {
        return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1]));
    }

    void blank_until(std::string_view end, std::size_t keep) {
        const std::size_t found = text_.find(end, at_ + keep);
        blank_to(found == std::string::npos ? text_.size() : found + keep);
    }

    void raw_string() {
        const std::size_t open = text_.find('(', at_);
        const std::string end = ")" + text_.substr(at_ + 2, open - at_ - 2) + "\"";
        blank_to(std::min(text_.find(end, open), text_.size() - end.size()) + end.size());
    }

    void literal(char quote) {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
        ++at_;
        blank_to(std::min(end, text_.size()));
        ++at_;
    }

    void blank_to(std::size_t end) {
        for (; at_ < end; ++at_)
            if (text_[at_] != '\n') text_[at_] = ' ';
    }

    std::string text_;
    std::size_t at_ = 0;
};

std::size_t line_of(const std::string& text, std::size_t offset) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
    return static_cast<std::size_t>(std::count(text.begin(), end, '\n')) + 1;
}

/// Whether what stands before an opening brace makes it the body of a function.
bool opens_function(const std::string& head) {
    static const std::regex other("^\\s*(namespace|class|struct|union|enum|extern)\\b|=\\s*$|^\\s*$");
    return head.find('(') != std::string::npos && !std::regex_search(head, other);
}

}  // namespace

std::vector<SourceFile> sources_below(const std::vector<std::string>& folders) {
    std::vector<SourceFile> found;
    for (const std::string& folder : folders) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            const std::string extension = entry.path().extension();
            if (extension != ".h" && extension != ".cpp") continue;
            const std::string path = entry.path().lexically_relative(root);
            std::string text = text_of_file(path);
            std::string code = Blanker(text).run();
            found.push_back({path, std::move(text), std::move(code)});
        }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return found;
}

std::string text_of_file(const std::string& path) {
    std::ifstream in(root / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string place(const SourceFile& file, std::size_t offset) {
    return file.path + ":" + std::to_string(line_of(file.text, offset));
}

std::string layer_of(std::string_view path) {
    const std::filesystem::path parts(path);
    auto part = parts.begin();
    if (*part != "libcore") return *part;
    return std::distance(part, parts.end()) > 2 ? std::string(*std::next(part)) : "";
}

std::vector<Function> functions_of(const SourceFile& file) {
    std::vector<Function> found;
    std::size_t head_start = 0;
    std::size_t depth_inside = 0;  // braces open since a function's; 0 outside of functions
    std::size_t body = 0;
    for (std::size_t at = 0; at < file.code.size(); ++at) {
        const char c = file.code[at];
        if (c == '{' && (depth_inside > 0 || opens_function(file.code.substr(head_start, at - head_start)))) {
            if (depth_inside++ == 0) body = at;
        } else if (c == '}' && depth_inside > 0 && --depth_inside == 0) {
            found.push_back({place(file, body), line_of(file.text, at) - line_of(file.text, body) + 1});
        }
        if (c == '{' || c == '}' || c == ';') head_start = at + 1;
    }
    return found;
}

}  // namespace ft::house
