// The statements of an SQL file, as far as ft2pc has to understand them: a script must not end the transaction that it
// is a part of.
//
// Quotes ('...', "...", `...`, PostgreSQL's E'...' and $tag$...$tag$), comments (--, /* */, MariaDB's #) and bodies of
// SQL functions (BEGIN ATOMIC ... END) are seen through; so are MariaDB's comments that it executes (/*! ... */). Where
// a session's settings let it read a script otherwise, the server is the one that refuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ft::twophase {

enum class Dialect : std::uint8_t { postgres, mariadb };

struct Statement {
    std::size_t line = 1;            ///< where it begins
    std::size_t end = 0;             ///< bytes of the script up to its end, without comments that follow it
    std::vector<std::string> words;  ///< its first four at most, in capitals, without what is quoted
    bool calls_others = false;       ///< functions that are not known to leave nothing in the session
};

/// Empty ones are left out.
[[nodiscard]] std::vector<Statement> statements_of(std::string_view script, Dialect dialect = Dialect::postgres);

/// "line 3: COMMIT" where a statement would begin, end or hand over the transaction, in MariaDB also where it would do
/// so by itself ("CREATE TABLE"); "" where none would.
[[nodiscard]] std::string transaction_control_in(std::string_view script, Dialect dialect = Dialect::postgres);

/// Whether it does nothing but change rows, and read some: it is likely to have something to commit, and the server
/// asks nothing of its client meanwhile (COPY).
[[nodiscard]] bool changes_rows_only(std::string_view script);

/// Whether something of it may be left in its session after the transaction: settings, locks, temporary tables. What
/// triggers leave is not known.
[[nodiscard]] bool may_leave_traces(std::string_view script);

/// Up to the end of its last statement, without its semicolon.
[[nodiscard]] std::string_view up_to_last_statement(std::string_view script, Dialect dialect);

}  // namespace ft::twophase
