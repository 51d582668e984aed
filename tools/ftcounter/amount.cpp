#include "tools/ftcounter/amount.h"

#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/ui/flags.h"

namespace ft::tools {

std::optional<std::int64_t> amount_to_add(std::string_view word) {
    if (word.starts_with('-')) return std::nullopt;
    return parse_integer(word);
}

std::optional<std::int64_t> amount_to_remove(std::string_view word) {
    if (word.starts_with('-')) return std::nullopt;
    return parse_integer("-" + std::string(word));
}

std::int64_t parse_signed(const std::string& word, std::string_view flag) {
    if (const auto number = parse_integer(word)) return *number;
    throw ui::usage_failure(fmt::format("{}: not a number of 64 bits", flag), printable(word), "", "");
}

}  // namespace ft::tools
