// JSON written as it is said, for answers of one line: {"v":1,"tool":"ftckpt","type":"item","bytes":81}
//
// The writer puts commas, quotes and escapes; bytes that are not UTF-8 become U+FFFD, so that what is written is always
// JSON (RFC 8259). Nesting must be balanced: an end() for each begin, which take() checks.
//
//     JsonWriter out;
//     out.begin_object().field("name", "job").key("sizes").begin_array().value(1).value(2).end().end();
//     std::string line = out.take();   // {"name":"job","sizes":[1,2]}
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ft {

class JsonWriter {
public:
    JsonWriter& begin_object() { return open('{', '}'); }
    JsonWriter& begin_array() { return open('[', ']'); }
    /// Ends the innermost object or array.
    JsonWriter& end();
    /// Inside an object, before each value.
    JsonWriter& key(std::string_view name);

    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    template <std::same_as<bool> T>
    JsonWriter& value(T flag) {
        return literal(flag ? "true" : "false");
    }
    template <std::integral T>
    requires(!std::same_as<T, bool>) JsonWriter& value(T number) { return literal(std::to_string(number)); }
    /// The shortest digits that give the same double back; null for infinities and NaN, which JSON does not have.
    template <std::floating_point T>
    JsonWriter& value(T number) {
        return real(static_cast<double>(number));
    }
    JsonWriter& null() { return literal("null"); }

    template <class T>
    JsonWriter& field(std::string_view name, const T& v) {
        return key(name).value(v);
    }

    /// What was written; the writer is empty again.
    [[nodiscard]] std::string take();

private:
    JsonWriter& open(char begin, char end);
    JsonWriter& literal(std::string_view text);
    JsonWriter& real(double number);
    void separate();
    void quote(std::string_view text);

    std::string text_;
    std::vector<char> ends_;  // of what is open, innermost last
    bool first_ = true;       // nothing precedes in the innermost object or array
    bool after_key_ = false;
};

}  // namespace ft
