#include "libcore/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <vector>

#include <fmt/format.h>

namespace ft {

namespace {

/// At most three digits, no zeros at the end of a fraction: 1.5, 81.4, 312.
std::string three_digits(double value) {
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    std::string text = fmt::format("{:.{}f}", value, decimals);
    if (decimals > 0) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text;
}

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

/// "12 unit" or "12 unit 3 part": the part left out where it is zero.
std::string in_two_units(std::uint64_t amount, Unit unit, Unit part) {
    std::string text = fmt::format("{} {}", amount / unit.factor, unit.name);
    const std::uint64_t rest = amount % unit.factor / part.factor;
    if (rest > 0) text += fmt::format(" {} {}", rest, part.name);
    return text;
}

constexpr std::uint64_t minute = 60, hour = 60 * minute, day = 24 * hour;

/// A number and the unit behind it, "64KiB" with {"KiB", 1024}.
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number(text.substr(0, digits));
    if (!number) return std::nullopt;
    for (const Unit& unit : units) {
        if (unit.name != text.substr(digits)) continue;
        std::uint64_t value = 0;
        if (__builtin_mul_overflow(*number, unit.factor, &value)) return std::nullopt;
        return value;
    }
    return std::nullopt;
}

/// Insertions, deletions, replacements and exchanges of neighbours that make `a` into `b` (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before, last(b.size() + 1), now(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    before = last;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(now);
    }
    return last[b.size()];
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
    constexpr std::array<std::string_view, 6> units = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
    return fmt::format("{} {}", three_digits(value), units[unit]);
}

std::string human_duration(double seconds) {
    if (!std::isfinite(seconds)) return "unknown";
    if (seconds < 0) return "-" + human_duration(-seconds);
    if (seconds < 0.9995) return fmt::format("{} ms", three_digits(seconds * 1000));
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    if (seconds < 59.5) return fmt::format("{:.0f} s", seconds);
    if (seconds >= 1e18) return "more than 31 thousand million years";
    const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
    if (whole < hour) return in_two_units(whole, {"min", minute}, {"s", 1});
    if (whole < day) return in_two_units(whole, {"h", hour}, {"min", minute});
    return in_two_units(whole, {"d", day}, {"h", hour});
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) text += k <= n ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t number = 0;
    constexpr std::size_t surely_fit = 18;  // so many digits: nearly every number, in a third of the time
    if (!text.empty() && text.size() <= surely_fit) {
        std::size_t digits = 0;
        for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
            number = 10 * number + (text[digits] - '0');
        if (digits == text.size()) return number;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    constexpr std::array<Unit, 5> units = {{{"s", 1}, {"m", minute}, {"h", hour}, {"d", day}, {"w", 7 * day}}};
    const auto value = parse_with_unit(text, units);
    // Far beyond any use, and far from overflow wherever the caller adds it to a time in nanoseconds.
    constexpr std::uint64_t limit = 200 * 365 * day;
    if (!value || *value > limit) return std::nullopt;
    return std::chrono::seconds(*value);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::uint64_t k = 1000, ki = 1024;
    constexpr std::array<Unit, 15> units = {{{"", 1},
                                             {"B", 1},
                                             {"kB", k},
                                             {"KB", k},
                                             {"MB", k * k},
                                             {"GB", k * k * k},
                                             {"TB", k * k * k * k},
                                             {"KiB", ki},
                                             {"MiB", ki * ki},
                                             {"GiB", ki * ki * ki},
                                             {"TiB", ki * ki * ki * ki},
                                             {"K", ki},
                                             {"M", ki * ki},
                                             {"G", ki * ki * ki},
                                             {"T", ki * ki * ki * ki}}};
    return parse_with_unit(text, units);
}

std::optional<std::string> did_you_mean(std::string_view typed, std::span<const std::string> words) {
    std::optional<std::string> best;
    std::size_t least = 3;  // a distance of 2 is the most that counts
    for (const std::string& word : words) {
        const std::size_t distance = edit_distance(typed, word);
        if (distance >= least || 2 * distance >= std::max(typed.size(), word.size())) continue;
        least = distance;
        best = word;
    }
    return best;
}

}  // namespace ft
