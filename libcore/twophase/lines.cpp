#include "libcore/twophase/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libcore/base/text.h"

namespace ft::twophase {

namespace {

constexpr std::array<std::string_view, 4> verbs{"prepare", "commit", "abort", "forget"};
constexpr std::array<std::string_view, 4> votes{"yes", "read-only", "no", "failed"};   // in the order of Vote
constexpr std::array<std::string_view, 4> acks{"done", "again", "unknown", "broken"};  // in the order of Ack

template <class Enum>
std::optional<Enum> find(const std::array<std::string_view, 4>& words, std::string_view word) {
    const auto* const found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) return std::nullopt;
    return static_cast<Enum>(found - words.begin());
}

bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
}

std::string joined(std::uint64_t number, std::string_view word, std::string_view text) {
    return fmt::format("{} {}{}{}", number, word, text.empty() ? "" : " ", text);
}

}  // namespace

std::string line_of(const Asked& asked) {
    const std::string rest = asked.branch + (asked.token.empty() ? "" : " " + asked.token);
    return joined(asked.number, verbs[static_cast<std::size_t>(asked.verb)], rest);
}

std::string line_of(const Answered& answered) {
    std::string line = joined(answered.number, answered.word, printable(answered.text));
    if (line.size() > longest_line) line.resize(longest_line);
    return line;
}

std::optional<Asked> parse_asked(std::string_view line) {
    if (line.size() > longest_line || !is_plain(line)) return std::nullopt;
    const auto number = parse_number(take_word(line));
    const auto verb = find<Asked::Verb>(verbs, take_word(line));
    const std::string branch(take_word(line));
    if (!number || !verb || branch.empty() || branch.size() > 64) return std::nullopt;
    if (*verb != Asked::Verb::commit && !line.empty()) return std::nullopt;
    return Asked{.number = *number, .verb = *verb, .branch = branch, .token = std::string(line)};
}

std::optional<Answered> parse_answered(std::string_view line) {
    if (line.size() > longest_line || !is_plain(line)) return std::nullopt;
    const auto number = parse_number(take_word(line));
    const std::string word(take_word(line));
    if (!number || word.empty()) return std::nullopt;
    return Answered{.number = *number, .word = word, .text = std::string(line)};
}

Answered answer_to(std::uint64_t number, const Voted& voted) {
    return {.number = number,
            .word = std::string(votes[static_cast<std::size_t>(voted.vote)]),
            .text = voted.vote == Vote::yes ? voted.token : voted.why};
}

Answered answer_to(std::uint64_t number, const Settled& settled) {
    return {.number = number, .word = std::string(acks[static_cast<std::size_t>(settled.ack)]), .text = settled.why};
}

std::optional<Voted> vote_in(const Answered& answered) {
    const auto vote = find<Vote>(votes, answered.word);
    if (!vote) return std::nullopt;
    const bool yes = *vote == Vote::yes;
    return Voted{.vote = *vote, .token = yes ? answered.text : "", .why = yes ? "" : answered.text};
}

std::optional<Settled> settled_in(const Answered& answered) {
    const auto ack = find<Ack>(acks, answered.word);
    if (!ack) return std::nullopt;
    return Settled{.ack = *ack, .why = answered.text};
}

}  // namespace ft::twophase
