#include "libcore/ui/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "libcore/base/text.h"

namespace ft::ui {

namespace {

using Refusal = std::optional<std::string>;

Refusal not_a_number(const std::string& value) { return fmt::format("'{}' is not a whole number", printable(value)); }

Refusal not_a_duration(const std::string& value) {
    return fmt::format("'{}' is not a duration such as 90s, 15m, 2h or 7d", printable(value));
}

template <class Number>
Refusal take_number(Number& target, const std::string& value) {
    const std::optional<std::uint64_t> number = parse_number(value);
    if (!number) return not_a_number(value);
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
        return fmt::format("{} is too large", value);
    target = static_cast<Number>(*number);
    return std::nullopt;
}

/// What the man pages call by these words is a file or directory.
std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    const auto last = text.find_last_not_of(' ');
    return first == std::string_view::npos ? std::string() : std::string(text.substr(first, last - first + 1));
}

}  // namespace

Failure usage_failure(std::string_view what, std::string_view where, std::string_view why, std::string_view todo) {
    return Failure{{.what = std::string(what),
                    .where = std::string(where),
                    .why = std::string(why),
                    .todo = std::string(todo),
                    .exit = Exit::usage}};
}

Option::Option(std::string_view names, std::string metavar, std::string help, bool repeated, Take take)
    : metavar_(std::move(metavar)), help_(std::move(help)), repeated_(repeated), take_(std::move(take)) {
    const auto comma = names.find(',');
    if (comma != std::string_view::npos) short_name_ = trimmed(names.substr(0, comma));
    long_name_ = trimmed(comma == std::string_view::npos ? names : names.substr(comma + 1));
}

Option& Option::between(std::int64_t low, std::int64_t high) {
    range_ = std::pair{low, high};
    return *this;
}

Option& Option::one_of(std::vector<std::string> words) {
    words_ = std::move(words);
    return *this;
}

Option& Option::completes(std::string_view kind) {
    kind_ = kind;
    return *this;
}

Refusal Option::take(const std::string& value) const {
    if (!words_.empty() && std::find(words_.begin(), words_.end(), value) == words_.end())
        return fmt::format("'{}' is none of {}", printable(value), fmt::join(words_, ", "));
    if (range_) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc() || end != value.data() + value.size()) return not_a_number(value);
        if (number < range_->first || number > range_->second)
            return fmt::format("{} is not between {} and {}", value, range_->first, range_->second);
    }
    return take_(value);
}

Option& Flags::add(std::string_view names, std::string_view metavar, std::string_view help, bool repeated,
                   Option::Take take) {
    return options_.emplace_back(names, std::string(metavar), std::string(help), repeated, std::move(take));
}

Option& Flags::toggle(std::string_view names, bool& target, std::string_view help) {
    return add(names, "", help, true, [&target](const std::string&) -> Refusal {
        target = true;
        return std::nullopt;
    });
}

Option& Flags::option(std::string_view names, std::string& target, std::string_view metavar, std::string_view help) {
    return add(names, metavar, help, false, [&target](const std::string& value) -> Refusal {
        if (value.empty()) return "the value is empty";
        target = value;
        return std::nullopt;
    });
}

Option& Flags::option(std::string_view names, std::optional<std::string>& target, std::string_view metavar,
                      std::string_view help) {
    return add(names, metavar, help, false, [&target](const std::string& value) -> Refusal {
        if (value.empty()) return "the value is empty";
        target = value;
        return std::nullopt;
    });
}

Option& Flags::option(std::string_view names, std::vector<std::string>& target, std::string_view metavar,
                      std::string_view help) {
    return add(names, metavar, help, true, [&target](const std::string& value) -> Refusal {
        if (value.empty()) return "the value is empty";
        target.push_back(value);
        return std::nullopt;
    });
}

Option& Flags::option(std::string_view names, int& target, std::string_view metavar, std::string_view help) {
    return add(names, metavar, help, false, [&target](const std::string& value) { return take_number(target, value); });
}

Option& Flags::option(std::string_view names, unsigned& target, std::string_view metavar, std::string_view help) {
    return add(names, metavar, help, false, [&target](const std::string& value) { return take_number(target, value); });
}

Option& Flags::option(std::string_view names, std::optional<std::uint64_t>& target, std::string_view metavar,
                      std::string_view help) {
    return add(names, metavar, help, false,
               [&target](const std::string& value) { return take_number(target.emplace(), value); });
}

Option& Flags::option(std::string_view names, std::chrono::seconds& target, std::string_view metavar,
                      std::string_view help) {
    return add(names, metavar, help, false, [&target](const std::string& value) -> Refusal {
        const auto duration = parse_duration(value);
        if (!duration) return not_a_duration(value);
        target = *duration;
        return std::nullopt;
    });
}

Option& Flags::option(std::string_view names, std::optional<std::chrono::seconds>& target, std::string_view metavar,
                      std::string_view help) {
    return add(names, metavar, help, false, [&target](const std::string& value) -> Refusal {
        target = parse_duration(value);
        return target ? std::nullopt : not_a_duration(value);
    });
}

void Flags::positional(std::string_view metavar, std::string& target, std::string_view help) {
    positionals_.push_back(
        {std::string(metavar), std::string(help), 1, false, [&target](const std::string& value) { target = value; }});
}

void Flags::positional(std::string_view metavar, std::optional<std::string>& target, std::string_view help) {
    positionals_.push_back(
        {std::string(metavar), std::string(help), 0, false, [&target](const std::string& value) { target = value; }});
}

void Flags::positionals(std::string_view metavar, std::vector<std::string>& target, std::size_t least,
                        std::string_view help) {
    positionals_.push_back({std::string(metavar), std::string(help), least, true,
                            [&target](const std::string& value) { target.push_back(value); }});
}

void Flags::rest(std::string_view metavar, std::vector<std::string>& target, std::string_view help) {
    rest_ = Positional{std::string(metavar), std::string(help), 0, true,
                       [&target](const std::string& value) { target.push_back(value); }};
}

}  // namespace ft::ui
