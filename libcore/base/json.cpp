#include "libcore/base/json.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"

namespace ft {

JsonWriter& JsonWriter::open(char begin, char end) {
    separate();
    text_ += begin;
    ends_.push_back(end);
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end() {
    check(!ends_.empty() && !after_key_, "JSON is ended where something is open and no key waits for its value");
    text_ += ends_.back();
    ends_.pop_back();
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    check(!ends_.empty() && ends_.back() == '}' && !after_key_, "a JSON key stands in an object, before a value");
    separate();
    quote(name);
    text_ += ':';
    after_key_ = true;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    separate();
    quote(text);
    return *this;
}

JsonWriter& JsonWriter::literal(std::string_view text) {
    separate();
    text_ += text;
    return *this;
}

JsonWriter& JsonWriter::real(double number) {
    return std::isfinite(number) ? literal(fmt::format("{}", number)) : null();
}

void JsonWriter::separate() {
    if (!first_ && !after_key_) text_ += ',';
    first_ = false;
    after_key_ = false;
}

void JsonWriter::quote(std::string_view text) {
    text_ += '"';
    while (!text.empty()) {
        const Character c = first_character(text);
        const std::string_view bytes = text.substr(0, c.length);
        text.remove_prefix(c.length);
        if (!c.valid)
            text_ += "\xEF\xBF\xBD";  // U+FFFD
        else if (c.code == '"' || c.code == '\\')
            (text_ += '\\') += bytes;
        else if (c.code == '\n')
            text_ += "\\n";
        else if (c.code < 0x20 || (c.code >= 0x7F && c.code < 0xA0))
            text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c.code));
        else
            text_ += bytes;
    }
    text_ += '"';
}

std::string JsonWriter::take() {
    check(ends_.empty(), "all of a JSON text's objects and arrays are ended before it is taken");
    first_ = true;
    return std::exchange(text_, {});
}

}  // namespace ft
