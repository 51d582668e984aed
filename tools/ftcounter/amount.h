// Numbers on the command line of ftcounter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ft::tools {

/// An amount to add: decimal digits, 0 to 2^63-1. std::nullopt where it is none.
[[nodiscard]] std::optional<std::int64_t> amount_to_add(std::string_view word);
/// An amount to remove, as what is then added: 0 to -2^63.
[[nodiscard]] std::optional<std::int64_t> amount_to_remove(std::string_view word);
/// A value with an optional '-'. fails  Exit::usage, naming the flag.
[[nodiscard]] std::int64_t parse_signed(const std::string& word, std::string_view flag);

}  // namespace ft::tools
