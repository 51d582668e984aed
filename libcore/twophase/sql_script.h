// The statements of an SQL file, as far as ft2pc has to understand them: a script must not end the transaction that it
// is a part of.
//
// Quotes ('...', E'...', "...", `...`, $tag$...$tag$), comments (-- and nested /* */) and bodies of SQL functions
// (BEGIN ATOMIC ... END) are seen through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ft::twophase {

struct Statement {
    std::size_t line = 1;            ///< where it begins
    std::vector<std::string> words;  ///< its first four at most, in capitals, without what is quoted
};

/// Empty ones are left out.
[[nodiscard]] std::vector<Statement> statements_of(std::string_view script);

/// "line 3: COMMIT" where a statement would begin, end or hand over the transaction; "" where none would.
[[nodiscard]] std::string transaction_control_in(std::string_view script);

}  // namespace ft::twophase
