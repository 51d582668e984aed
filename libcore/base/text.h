// Text for people: sizes, durations, names made printable, the nearest word.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libcore/base/clock.h"

namespace ft {

/// "81.4 MB", "1.5 GB", "312 bytes": decimal units, at most three digits.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// "45 ms", "1.3 s", "2 h 5 min", "3 d 4 h".
[[nodiscard]] std::string human_duration(double seconds);
/// "2026-11-23 10:00:05" in local time.
[[nodiscard]] std::string human_time(Time t);
/// "2026-11-23T10:00:05.123456789Z".
[[nodiscard]] std::string iso_time(Time t);

/// One character at the start of some text: its code point and the bytes it takes. A byte that starts no well-formed
/// UTF-8 (overlong forms, surrogates, beyond U+10FFFF, cut short) is a character of its own, with valid = false and the
/// byte as its code.
struct Character {
    char32_t code = 0;
    std::size_t length = 0;
    bool valid = false;
};
/// text   not empty.
[[nodiscard]] Character first_character(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);
/// Control characters and bytes that are not UTF-8 as \n, \xE9; so that no file name can drive the terminal. Applying
/// it twice changes nothing more.
[[nodiscard]] std::string printable(std::string_view name);
/// RFC 4648 section 4, padded.
[[nodiscard]] std::string base64(std::string_view bytes);

/// "90s", "15m", "2h", "7d", "3w": std::nullopt where it is none of these.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);
/// "4096", "64KiB", "1GB"; B, kB (KB), MB, GB, TB are powers of 1000, KiB (K), MiB (M), GiB (G), TiB (T) of 1024:
/// std::nullopt where it is none of these or beyond 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
/// "2026-11-23", "2026-11-23T10:00", "2026-11-23T10:00:05" (or a space for the T, as human_time writes it), seconds
/// with a fraction, with optional Z (else local time): std::nullopt where it is none of these or no date of the
/// calendar.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);
/// The text before the first blank; what follows that blank is left.
[[nodiscard]] inline std::string_view take_word(std::string_view& line) {
    std::size_t size = 0;  // words are short: sooner found than memchr() is called
    while (size < line.size() && line[size] != ' ') ++size;
    const std::string_view word = line.substr(0, size);
    line.remove_prefix(std::min(line.size(), size + 1));
    return word;
}
/// Decimal digits only.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
/// As parse_number, with an optional '-'.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

/// The word of `words` nearest to `typed` if it is near enough to be meant (Damerau-Levenshtein distance, in its
/// optimal string alignment form, at most 2 and less than half of the longer word); the first of several equally near.
[[nodiscard]] std::optional<std::string> did_you_mean(std::string_view typed, std::span<const std::string> words);

/// Shell-style match of the whole path: * and ? stand for characters other than '/', ** for any, a leading "**/" and
/// "/**/" also for no folder at all, [a-z] and [!a-z] for one character of a class, \ takes the next one literally. A
/// class that is not closed is literal. Takes time in proportion to glob times path squared at worst.
[[nodiscard]] bool glob_match(std::string_view glob, std::string_view path);

}  // namespace ft
