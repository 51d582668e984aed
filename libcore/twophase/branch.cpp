#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/twophase/participant.h"

namespace ft::twophase {

namespace {

constexpr std::string_view prefix = "ft-";
constexpr std::uint32_t most_sequences = 1U << 28, most_participants = 1U << 12;

/// The text before the next '-', which is taken too.
std::string_view take_part(std::string_view& text) {
    const std::string_view part = text.substr(0, text.find('-'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part;
}

/// The number that comes next.
std::optional<std::uint64_t> take_hex(std::string_view& text) {
    const std::string_view word = take_part(text);
    if (word.empty() || word.size() > 16) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : word) {
        const std::size_t digit = std::string_view("0123456789abcdef").find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        number = number << 4 | digit;
    }
    return number;
}

}  // namespace

std::string Branch::id() const {
    check(sequence < most_sequences && index < most_participants, "a branch's numbers fit its id");
    return fmt::format("{}{}-{:016x}-{:x}-{:x}", prefix, coordinator.hex(), journal, sequence, index);
}

std::optional<Branch> Branch::from_id(std::string_view id) {
    if (!id.starts_with(prefix)) return std::nullopt;
    std::string_view rest = id.substr(prefix.size());
    const std::optional<Uuid> coordinator = Uuid::from_hex(take_part(rest));
    const auto journal = take_hex(rest), sequence = take_hex(rest), index = take_hex(rest);
    if (!coordinator || !journal || !sequence || !index || !rest.empty()) return std::nullopt;
    if (*sequence >= most_sequences || *index >= most_participants) return std::nullopt;
    const Branch branch{*coordinator, *journal, static_cast<std::uint32_t>(*sequence),
                        static_cast<std::uint32_t>(*index)};
    if (branch.id() != id) return std::nullopt;  // each has one name
    return branch;
}

void Listed::add(std::string_view id, std::string_view of) {
    const std::string_view coordinator = of.substr(0, of.find('-', prefix.size()) + 1);
    const std::optional<Branch> branch = id.starts_with(of) ? Branch::from_id(id) : std::nullopt;
    if (branch) branches.push_back(*branch);
    if (!id.starts_with(coordinator)) ++foreign;
}

}  // namespace ft::twophase
