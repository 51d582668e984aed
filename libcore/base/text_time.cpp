// Times as people and machines write them.
#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "libcore/base/text.h"

namespace ft {

namespace {

/// Takes exactly `digits` decimal digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take_mark(std::string_view& text, std::string_view marks) {
    if (text.empty() || marks.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

/// A mark, then two digits of at most `limit`.
std::optional<int> take_field(std::string_view& text, std::string_view marks, int limit) {
    if (!take_mark(text, marks)) return std::nullopt;
    const auto value = take_digits(text, 2);
    return value && *value <= limit ? value : std::nullopt;
}

/// ".5", ".123456789": as nanoseconds.
std::optional<std::uint32_t> take_fraction(std::string_view& text) {
    if (!take_mark(text, ".")) return 0;
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 9) return std::nullopt;
    auto value = static_cast<std::uint32_t>(*take_digits(text, digits));
    for (std::size_t i = digits; i < 9; ++i) value *= 10;
    return value;
}

int days_in(int year, int month) {
    constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

bool take_date(std::string_view& text, std::tm& t) {
    const auto year = take_digits(text, 4);
    if (!year) return false;
    const auto month = take_field(text, "-", 12);
    if (!month || *month == 0) return false;
    const auto day = take_field(text, "-", days_in(*year, *month));
    if (!day || *day == 0) return false;
    t.tm_year = *year - 1900;
    t.tm_mon = *month - 1;
    t.tm_mday = *day;
    return true;
}

/// "T10:00", "T10:00:05", "T10:00:05.25" or nothing.
bool take_time_of_day(std::string_view& text, std::tm& t, std::uint32_t& ns) {
    if (text.empty() || text == "Z") return true;
    const auto hour = take_field(text, "T ", 23);
    if (!hour) return false;
    const auto minute = take_field(text, ":", 59);
    if (!minute) return false;
    t.tm_hour = *hour;
    t.tm_min = *minute;
    if (text.empty() || text == "Z") return true;
    const auto second = take_field(text, ":", 59);
    if (!second) return false;
    t.tm_sec = *second;
    const auto fraction = take_fraction(text);
    ns = fraction.value_or(0);
    return fraction.has_value();
}

/// Seconds since 1970, for years that the C library's calendar cannot hold.
std::string bare(Time t) { return fmt::format("@{}.{:09}", t.s, t.ns); }

}  // namespace

std::string human_time(Time t) {
    std::tm parts{};
    const std::time_t s = t.s;
    if (localtime_r(&s, &parts) == nullptr) return bare(t);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900L, parts.tm_mon + 1, parts.tm_mday,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string iso_time(Time t) {
    std::tm parts{};
    const std::time_t s = t.s;
    if (gmtime_r(&s, &parts) == nullptr) return bare(t);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900L, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, t.ns);
}

std::optional<Time> parse_time(std::string_view text) {
    std::tm t{};
    std::uint32_t ns = 0;
    if (!take_date(text, t) || !take_time_of_day(text, t, ns)) return std::nullopt;
    const bool utc = take_mark(text, "Z");
    if (!text.empty()) return std::nullopt;
    t.tm_isdst = -1;  // mktime decides; in the hour that comes twice in autumn it takes the one of its zone's rule
    return Time{utc ? timegm(&t) : mktime(&t), ns};
}

}  // namespace ft
