// The line protocol between a coordinator and a participant behind a pipe: ft-participant(7). One request a line, one
// answer a line, each with the number of its question; answers may come in any order.
//
//     7 commit ft-6f0d...-2a-0-1 TOKEN          ->  7 done
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libcore/twophase/participant.h"

namespace ft::twophase {

inline constexpr std::size_t longest_line = 8192;  ///< bytes, without its newline

struct Asked {
    enum class Verb : std::uint8_t { prepare, commit, abort, forget };
    std::uint64_t number = 0;
    Verb verb = Verb::prepare;
    std::string branch;
    std::string token = {};  ///< commit: may be empty
};
struct Answered {
    std::uint64_t number = 0;
    std::string word;       ///< of prepare: yes, read-only, no, failed; of the others: done, again, unknown, broken
    std::string text = {};  ///< yes: the token; else why
};

/// Without the newline. What would break a line in the text of an answer is made printable.
[[nodiscard]] std::string line_of(const Asked& asked);
[[nodiscard]] std::string line_of(const Answered& answered);
/// std::nullopt where it is none.
[[nodiscard]] std::optional<Asked> parse_asked(std::string_view line);
[[nodiscard]] std::optional<Answered> parse_answered(std::string_view line);

[[nodiscard]] Answered answer_to(std::uint64_t number, const Voted& voted);
[[nodiscard]] Answered answer_to(std::uint64_t number, const Settled& settled);
/// std::nullopt where the word is none of those.
[[nodiscard]] std::optional<Voted> vote_in(const Answered& answered);
[[nodiscard]] std::optional<Settled> settled_in(const Answered& answered);

}  // namespace ft::twophase
