// Times, durations, sizes and names as users type them, and names as they are shown.
#include "libcore/base/text.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = ft::text_of(ft::fuzz::view_of_input(data, size));
    if (const auto time = ft::parse_time(text)) {
        ft::check(time->ns < 1'000'000'000, "nanoseconds are below a second");
        ft::check(ft::parse_time(ft::iso_time(*time)) == time, "a time is written as it is read");
        static_cast<void>(ft::human_time(*time));
    }
    if (const auto duration = ft::parse_duration(text)) {
        ft::check(duration->count() >= 0, "a duration is not negative");
        static_cast<void>(ft::human_duration(static_cast<double>(duration->count())));
    }
    if (const auto bytes = ft::parse_size(text)) static_cast<void>(ft::human_bytes(*bytes));
    if (const auto number = ft::parse_number(text)) ft::check(ft::parse_size(text) == number, "a number is a size");
    const std::string shown = ft::printable(text);
    ft::check(ft::is_utf8(shown) && ft::printable(shown) == shown, "what is shown is shown as it is");
    for (const char c : shown) ft::check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control character");
    ft::check(ft::base64(text).size() == (size + 2) / 3 * 4, "base64 is padded");
    const std::string words[] = {"save", "list", "verify", std::string(text.substr(0, size / 2))};
    static_cast<void>(ft::did_you_mean(text.substr(size / 2), words));
    return 0;
}
