#include "libcore/ui/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/json.h"
#include "libcore/base/text.h"

namespace ft::ui {

namespace {

template <class Value>
std::string rendered(const Value& value) {
    JsonWriter writer;
    writer.value(value);
    return writer.take();
}

}  // namespace

void Answer::add(std::string_view key, std::string value) { fields_.push_back(rendered(key) + ":" + std::move(value)); }

Answer& Answer::text(std::string_view key, std::string_view value) {
    add(key, rendered(value));
    if (!is_utf8(value)) add(std::string(key) + "_base64", rendered(base64(value)));
    return *this;
}

Answer& Answer::number(std::string_view key, std::uint64_t value) {
    add(key, rendered(value));
    return *this;
}

Answer& Answer::integer(std::string_view key, std::int64_t value) {
    add(key, std::to_string(value));
    return *this;
}

Answer& Answer::real(std::string_view key, double value) {
    add(key, rendered(value));
    return *this;
}

Answer& Answer::real(std::string_view key, std::optional<double> value) {
    add(key, value ? rendered(*value) : "null");
    return *this;
}

Answer& Answer::flag(std::string_view key, bool value) {
    add(key, rendered(value));
    return *this;
}

Answer& Answer::time(std::string_view key, Time value) {
    add(key, rendered(iso_time(value)));
    return *this;
}

Answer& Answer::texts(std::string_view key, std::span<const std::string> values) {
    std::vector<std::string> all;
    for (const std::string& value : values) all.push_back(rendered(value));
    add(key, fmt::format("[{}]", fmt::join(all, ",")));
    return *this;
}

Answer& Answer::object(std::string_view key, const Answer& value) {
    add(key, "{" + value.body() + "}");
    return *this;
}

Answer& Answer::objects(std::string_view key, std::span<const Answer> values) {
    std::vector<std::string> all;
    for (const Answer& value : values) all.push_back("{" + value.body() + "}");
    add(key, fmt::format("[{}]", fmt::join(all, ",")));
    return *this;
}

std::string Answer::body() const { return fmt::format("{}", fmt::join(fields_, ",")); }

std::string Answer::json(std::string_view tool, std::string_view type) const {
    std::string line = fmt::format(R"({{"v":1,"tool":{},"type":{})", rendered(tool), rendered(type));
    if (!fields_.empty()) line += "," + body();
    return line + "}";
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::vector<std::string> Columns::lines() const {
    std::vector<std::size_t> widths(aligns_.size(), 0);
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    std::vector<std::string> lines;
    lines.reserve(rows_.size());
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string pad(widths[i] - width_of(row[i]), ' ');
            line += aligns_[i] == Align::right ? pad + row[i] : row[i] + pad;
            if (i + 1 < widths.size()) line += "  ";
        }
        line.erase(line.find_last_not_of(' ') + 1);
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace ft::ui
