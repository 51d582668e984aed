// Text for people: sizes, durations, names made printable, the nearest word.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libcore/base/clock.h"

namespace ft {

/// "81 MB", "1.5 GB", "312 bytes": decimal units, three digits.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// "1.3 s", "45 ms", "2 h 5 min".
[[nodiscard]] std::string human_duration(double seconds);
/// "2026-11-23 10:00:05" in local time.
[[nodiscard]] std::string human_time(Time t);
/// "2026-11-23T10:00:05.123456789Z".
[[nodiscard]] std::string iso_time(Time t);
/// Control bytes and bytes that are not UTF-8 as \n, \xE9; so that no file name can drive the terminal.
[[nodiscard]] std::string printable(std::string_view name);
[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] std::string base64(std::string_view bytes);

/// "90s", "15m", "2h", "7d", "3w": std::nullopt where it is none of these.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);
/// "4096", "64KiB", "1GB": std::nullopt where it is none of these.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
/// "2026-11-23", "2026-11-23T10:00", "2026-11-23T10:00:05", with optional Z (else local time).
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

/// The word of `words` nearest to `typed` if it is near enough to be meant (Damerau-Levenshtein distance <= 2 and less than half).
[[nodiscard]] std::optional<std::string> did_you_mean(std::string_view typed, std::span<const std::string> words);

/// Shell-style match: * ? [a-z], where * also crosses '/' if written **.
[[nodiscard]] bool glob_match(std::string_view glob, std::string_view path);

}  // namespace ft
