// Characters of UTF-8, names made printable, and shell-style patterns over characters.
#include <fmt/format.h>

#include "libcore/base/text.h"

namespace ft {

namespace {

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// How a lead byte begins: the length of its sequence and the least code point that needs this length.
struct Lead {
    std::size_t length;
    char32_t least;
    unsigned char bits;
};

std::optional<Lead> lead_of(unsigned char byte) {
    if ((byte & 0xE0) == 0xC0) return Lead{2, 0x80, static_cast<unsigned char>(byte & 0x1F)};
    if ((byte & 0xF0) == 0xE0) return Lead{3, 0x800, static_cast<unsigned char>(byte & 0x0F)};
    if ((byte & 0xF8) == 0xF0) return Lead{4, 0x10000, static_cast<unsigned char>(byte & 0x07)};
    return std::nullopt;
}

/// Characters that move the cursor, colour, or turn the writing direction (so that a name can look like another).
bool drives_terminal(char32_t c) {
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool separator = c == 0x2028 || c == 0x2029;
    const bool direction = c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    return control || separator || direction;
}

void append_escaped(std::string& out, std::string_view bytes) {
    if (bytes == "\n")
        out += "\\n";
    else if (bytes == "\t")
        out += "\\t";
    else if (bytes == "\r")
        out += "\\r";
    else
        for (const char c : bytes) out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
}

}  // namespace

Character first_character(std::string_view text) {
    const unsigned char first = byte_at(text, 0);
    if (first < 0x80) return {first, 1, true};
    const Character broken = {first, 1, false};
    const auto lead = lead_of(first);
    if (!lead || text.size() < lead->length) return broken;
    char32_t code = lead->bits;
    for (std::size_t i = 1; i < lead->length; ++i) {
        if ((byte_at(text, i) & 0xC0) != 0x80) return broken;
        code = code << 6 | (byte_at(text, i) & 0x3F);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < lead->least || surrogate || code > 0x10FFFF) return broken;
    return {code, lead->length, true};
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character c = first_character(text);
        if (!c.valid) return false;
        text.remove_prefix(c.length);
    }
    return true;
}

std::string printable(std::string_view name) {
    std::string out;
    out.reserve(name.size());
    while (!name.empty()) {
        const Character c = first_character(name);
        const std::string_view bytes = name.substr(0, c.length);
        if (c.valid && !drives_terminal(c.code))
            out += bytes;
        else
            append_escaped(out, bytes);
        name.remove_prefix(c.length);
    }
    return out;
}

namespace {

bool same(const Character& a, const Character& b) { return a.code == b.code && a.valid == b.valid; }

Character take_character(std::string_view& text) {
    const Character c = first_character(text);
    text.remove_prefix(c.length);
    return c;
}

/// The class at the start of `glob` ("[a-z]"): its content and what follows; std::nullopt where it is not closed.
struct Class {
    std::string_view members;
    std::size_t length;
    bool negated;
};

std::optional<Class> class_of(std::string_view glob) {
    std::size_t from = 1;
    const bool negated = from < glob.size() && (glob[from] == '!' || glob[from] == '^');
    if (negated) ++from;
    const std::size_t close = glob.find(']', from + 1);  // a ']' in first place is a member
    if (close == std::string_view::npos) return std::nullopt;
    return Class{glob.substr(from, close - from), close + 1, negated};
}

bool in_class(const Class& set, const Character& c) {
    std::string_view left = set.members;
    while (!left.empty()) {
        const Character low = take_character(left);
        Character high = low;
        if (left.size() > 1 && left.front() == '-') {
            left.remove_prefix(1);
            high = take_character(left);
        }
        if (c.valid == low.valid && low.code <= c.code && c.code <= high.code) return !set.negated;
    }
    return set.negated;
}

/// Matches one character of `path` against the start of `glob` (no star) and takes both; false where they differ.
bool match_one(std::string_view& glob, std::string_view& path) {
    const Character c = take_character(path);
    if (glob.front() == '?') {
        glob.remove_prefix(1);
        return c.code != '/';
    }
    if (glob.front() == '[') {
        if (const auto set = class_of(glob)) {
            glob.remove_prefix(set->length);
            return c.code != '/' && in_class(*set, c);
        }
    }
    if (glob.front() == '\\' && glob.size() > 1) glob.remove_prefix(1);
    return same(take_character(glob), c);
}

/// Where to go on when a match fails behind a star: the star then takes one character (or folder) more.
///
/// The last star of each kind is enough: whatever an earlier one could reach, the last one, which began as early as
/// possible, reaches too.
struct Retry {
    std::string_view glob, path;
    bool armed = false;
    bool folders = false;  ///< "**/": may stop behind a '/' only
};

class GlobMatcher {
public:
    GlobMatcher(std::string_view glob, std::string_view path) : start_(glob), glob_(glob), path_(path) {}

    bool run() {
        for (;;) {
            if (take_star()) continue;
            if (path_.empty() && glob_.empty()) return true;
            if (!path_.empty() && !glob_.empty() && match_one(glob_, path_)) continue;
            if (!retry_star() && !retry_double_star()) return false;
        }
    }

private:
    bool take_star() {
        if (!glob_.starts_with('*')) return false;
        const bool at_segment = glob_.data() == start_.data() || glob_.data()[-1] == '/';
        const std::size_t stars = std::min(glob_.find_first_not_of('*'), glob_.size());
        glob_.remove_prefix(stars);
        const bool folders = stars > 1 && at_segment && glob_.starts_with('/');
        if (folders) glob_.remove_prefix(1);
        if (stars > 1) star_.armed = false;
        (stars > 1 ? double_star_ : star_) = {glob_, path_, true, folders};
        return true;
    }

    bool retry_star() {
        if (!star_.armed || star_.path.empty() || star_.path.front() == '/') return false;
        take_character(star_.path);
        return resume(star_);
    }

    bool retry_double_star() {
        if (!double_star_.armed || double_star_.path.empty()) return false;
        if (double_star_.folders) {
            const std::size_t slash = double_star_.path.find('/');
            if (slash == std::string_view::npos) return false;
            double_star_.path.remove_prefix(slash + 1);
        } else {
            take_character(double_star_.path);
        }
        star_.armed = false;
        return resume(double_star_);
    }

    bool resume(const Retry& retry) {
        glob_ = retry.glob;
        path_ = retry.path;
        return true;
    }

    std::string_view start_, glob_, path_;
    Retry star_, double_star_;
};

}  // namespace

bool glob_match(std::string_view glob, std::string_view path) { return GlobMatcher(glob, path).run(); }

}  // namespace ft
