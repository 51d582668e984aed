#include "libcore/twophase/sql_script.h"

#include <fmt/format.h>

#include <algorithm>

namespace ft::twophase {

namespace {

constexpr std::size_t words_kept = 4;

bool is_letter(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || byte >= 0x80;
}
bool is_part_of_word(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '$'; }

/// What may stand before a parenthesis and leaves nothing in a session of PostgreSQL's: words of the language, types,
/// and functions of the server's. A user's own function that has the name of one of these passes for it.
// clang-format off
constexpr std::string_view leave_nothing[] = {
    "ABS", "ALL", "AND", "ANY", "ARRAY", "AS", "AVG", "BETWEEN", "BY", "CAST", "CEIL", "CHAR", "COALESCE", "CONCAT",
    "CONFLICT", "COUNT", "DATE_TRUNC", "DISTINCT", "ELSE", "EXISTS", "EXTRACT", "FILTER", "FLOOR", "FROM",
    "GENERATE_SERIES", "GEN_RANDOM_UUID", "GREATEST", "HAVING", "IN", "JOIN", "LEAST", "LEFT", "LENGTH", "LOWER",
    "MAX", "MD5", "MIN", "MOD", "NOT", "NOW", "NULLIF", "NUMERIC", "ON", "OR", "OVER", "RANDOM", "REPLACE",
    "RETURNING", "RIGHT", "ROUND", "ROW", "SELECT", "SET", "SUBSTR", "SUBSTRING", "SUM", "THEN", "TO_CHAR",
    "TO_TIMESTAMP", "TRIM", "TRUNC", "UPPER", "USING", "VALUES", "VARCHAR", "WHEN", "WHERE"
};
// clang-format on

std::string in_capitals(std::string_view word) {
    std::string text(word);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return text;
}

/// Walks through a script and forgets what is quoted.
class Walk {
public:
    Walk(std::string_view script, Dialect dialect) : script_(script), is_mariadb_(dialect == Dialect::mariadb) {}

    std::vector<Statement> run() {
        while (at_ < script_.size()) step();
        end_statement();
        return std::move(found_);
    }

private:
    [[nodiscard]] std::string_view rest() const { return script_.substr(at_); }
    void step();
    /// Blanks and comments, and the end of a statement. false where something else comes.
    bool take_between();
    void take_in_statement();
    /// To know what stands before a parenthesis.
    void note_name(const std::string& name);
    [[nodiscard]] bool calls_others() const;
    [[nodiscard]] bool is_line_comment() const;
    void take_word();
    void take(std::size_t length);
    /// Up to and with the next `end`; to the end of the script where there is none.
    void take_past(std::string_view end, std::size_t from);
    void take_quoted(char quote, bool escapes);
    void take_comment();
    void take_executed_comment();
    void take_dollar();
    void end_statement();

    std::string_view script_;
    bool is_mariadb_;
    std::size_t at_ = 0, line_ = 1;
    unsigned parentheses_ = 0, bodies_ = 0;
    std::string last_word_;
    std::string name_;                               // if the last thing was one; one behind a dot begins with it
    bool is_behind_dot_ = false, is_table_ = false;  // which that name is, or will be
    bool began_ = false;
    Statement statement_;
    std::vector<Statement> found_;
};

void Walk::take(std::size_t length) {
    const std::string_view taken = rest().substr(0, length);
    line_ += static_cast<std::size_t>(std::count(taken.begin(), taken.end(), '\n'));
    at_ += taken.size();
}

void Walk::take_past(std::string_view end, std::size_t from) {
    const std::size_t found = rest().find(end, from);
    take(found == std::string_view::npos ? rest().size() : found + end.size());
}

void Walk::take_quoted(char quote, bool escapes) {
    std::size_t length = 1;
    for (; length < rest().size() && rest()[length] != quote; ++length)
        if (escapes && rest()[length] == '\\') ++length;
    take(length + 1);  // a doubled quote begins the next one at once, which comes to the same
}

void Walk::take_comment() {
    if (is_mariadb_) return take_past("*/", 2);
    std::size_t length = 2;
    for (unsigned depth = 1; depth > 0 && length < rest().size(); ++length) {
        const std::string_view next = rest().substr(length, 2);
        if (next == "/*") ++depth;
        if (next == "*/") --depth;
        if (next == "/*" || next == "*/") ++length;
    }
    take(length);
}

/// Only its marks: "/*!", "/*!50701", "/*M!100100".
void Walk::take_executed_comment() {
    std::size_t length = rest().find('!') + 1;
    while (length < rest().size() && rest()[length] >= '0' && rest()[length] <= '9') ++length;
    take(length);
}

/// "$tag$...$tag$", or a parameter, which is nothing special.
void Walk::take_dollar() {
    const std::size_t end = rest().find('$', 1);
    const std::string_view tag = end == std::string_view::npos ? "" : rest().substr(0, end + 1);
    const bool is_tag = !tag.empty() && (tag.size() == 2 || is_letter(tag[1])) &&
                        std::all_of(tag.begin() + 1, tag.end() - 1, is_part_of_word);
    if (is_tag)
        take_past(tag, tag.size());
    else
        take(1);
}

void Walk::take_word() {
    std::size_t length = 1;
    while (length < rest().size() && is_part_of_word(rest()[length])) ++length;
    const std::string word = in_capitals(rest().substr(0, length));
    take(length);
    if ((word == "E" || word == "e") && rest().starts_with('\'')) return take_quoted('\'', true);
    note_name(word);
    const bool in_function = !is_mariadb_ && !statement_.words.empty() && statement_.words[0] == "CREATE";
    if (word == "ATOMIC" && last_word_ == "BEGIN" && in_function) ++bodies_;
    if (bodies_ > 0 && word == "CASE") ++bodies_;
    if (bodies_ > 0 && word == "END") --bodies_;
    if (statement_.words.size() < words_kept) statement_.words.push_back(word);
    last_word_ = word;
}

void Walk::end_statement() {
    if (began_) found_.push_back(statement_);
    began_ = false;
    statement_ = {};
    last_word_.clear();
    name_.clear();
    is_behind_dot_ = is_table_ = false;
    parentheses_ = bodies_ = 0;
}

bool Walk::is_line_comment() const {
    if (is_mariadb_ && rest().starts_with('#')) return true;
    if (!rest().starts_with("--")) return false;
    return !is_mariadb_ || rest().size() == 2 || static_cast<unsigned char>(rest()[2]) <= ' ';
}

bool Walk::take_between() {
    const char c = rest().front();
    if (is_line_comment()) return take_past("\n", 0), true;
    if (is_mariadb_ && (rest().starts_with("/*!") || rest().starts_with("/*M!"))) return take_executed_comment(), true;
    if (rest().starts_with("/*")) return take_comment(), true;
    if (is_mariadb_ && rest().starts_with("*/")) return take(2), true;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') return take(1), true;
    if (c != ';' || parentheses_ > 0 || bodies_ > 0) return false;
    end_statement();
    take(1);
    return true;
}

void Walk::note_name(const std::string& name) {
    is_table_ = is_behind_dot_ ? is_table_ : name_ == "INTO";
    name_ = (is_behind_dot_ ? "." : "") + name;
    is_behind_dot_ = false;
}

bool Walk::calls_others() const {
    const bool is_known =
        std::find(std::begin(leave_nothing), std::end(leave_nothing), name_) != std::end(leave_nothing);
    return !name_.empty() && !is_table_ && !is_known;
}

void Walk::take_in_statement() {
    const char c = rest().front();
    if (is_letter(c)) return take_word();
    if (c == '"') {
        note_name("\"");
        return take_quoted(c, is_mariadb_);
    }
    if (c == '(' && calls_others()) statement_.calls_others = true;
    is_behind_dot_ = c == '.';
    if (c != '.') name_.clear();
    if (c == '\'' || c == '`') return take_quoted(c, is_mariadb_ && c != '`');
    if (c == '$' && !is_mariadb_) return take_dollar();
    if (c == '(' && !is_mariadb_) ++parentheses_;
    if (c == ')' && parentheses_ > 0) --parentheses_;
    take(1);
}

void Walk::step() {
    if (take_between()) return;
    if (!began_) statement_.line = line_;
    began_ = true;
    take_in_statement();
    statement_.end = at_;
}

/// Whether it would begin, end or hand over the transaction.
bool controls(const Statement& statement) {
    const auto word = [&](std::size_t i) { return i < statement.words.size() ? statement.words[i] : std::string(); };
    const std::string first = word(0), second = word(1);
    if (first == "ROLLBACK") {
        const bool to_savepoint = second == "TO" || ((second == "WORK" || second == "TRANSACTION") && word(2) == "TO");
        return !to_savepoint;
    }
    if (first == "START" || first == "PREPARE") return second == "TRANSACTION";
    return first == "BEGIN" || first == "COMMIT" || first == "END" || first == "ABORT" || first == "XA";
}

/// MariaDB commits before and after these, and refuses them within XA. `second` is one of several, or "": any.
struct Committing {
    std::string_view first, second;
};
constexpr Committing committing_in_mariadb[] = {
    {"ALTER", ""},    {"ANALYZE", "TABLE"}, {"ANALYZE", "LOCAL"}, {"ANALYZE", "NO_WRITE_TO_BINLOG"},
    {"BACKUP", ""},   {"CACHE", "INDEX"},   {"CHANGE", ""},       {""},
    {"COMMIT", ""},   {"CREATE", ""},       {"DROP", ""},         {"FLUSH", ""},
    {"GRANT", ""},    {"INSTALL", ""},      {"LOAD", "INDEX"},    {"LOCK", ""},
    {"OPTIMIZE", ""}, {"RENAME", ""},       {"REPAIR", ""},       {"RESET", ""},
    {"REVOKE", ""},   {"SHUTDOWN", ""},     {"START", ""},        {"STOP", ""},
    {"TRUNCATE", ""}, {"UNINSTALL", ""},    {"UNLOCK", ""},       {"XA", ""},
};

bool controls_mariadb(const Statement& statement) {
    const auto& words = statement.words;
    const auto has = [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); };
    const std::string first = words.empty() ? "" : words[0], second = words.size() < 2 ? "" : words[1];
    if (first == "ROLLBACK") return !has("TO");
    if (first == "BEGIN") return second != "NOT";  // BEGIN NOT ATOMIC begins no transaction
    if (first == "CREATE" || first == "DROP") return !has("TEMPORARY");
    return std::any_of(std::begin(committing_in_mariadb), std::end(committing_in_mariadb), [&](const Committing& one) {
        return first == one.first && (one.second.empty() || second == one.second);
    });
}

bool writes_rows(const Statement& statement) {
    const std::string first = statement.words.empty() ? "" : statement.words.front();
    return first == "INSERT" || first == "UPDATE" || first == "DELETE" || first == "MERGE";
}

bool is_about_rows(const Statement& statement) {
    return writes_rows(statement) || (!statement.words.empty() && statement.words.front() == "SELECT");
}

}  // namespace

std::vector<Statement> statements_of(std::string_view script, Dialect dialect) { return Walk(script, dialect).run(); }

std::string transaction_control_in(std::string_view script, Dialect dialect) {
    for (const Statement& statement : statements_of(script, dialect))
        if (dialect == Dialect::mariadb ? controls_mariadb(statement) : controls(statement))
            return fmt::format("line {}: {}", statement.line,
                               fmt::join(statement.words.begin(),
                                         statement.words.begin() + (statement.words.size() > 1 ? 2 : 1), " "));
    return {};
}

bool changes_rows_only(std::string_view script) {
    const std::vector<Statement> statements = statements_of(script);
    return std::any_of(statements.begin(), statements.end(), writes_rows) &&
           std::all_of(statements.begin(), statements.end(), is_about_rows);
}

bool may_leave_traces(std::string_view script) {
    const std::vector<Statement> statements = statements_of(script);
    return !std::all_of(statements.begin(), statements.end(),
                        [](const Statement& one) { return is_about_rows(one) && !one.calls_others; });
}

std::string_view up_to_last_statement(std::string_view script, Dialect dialect) {
    const std::vector<Statement> statements = statements_of(script, dialect);
    return script.substr(0, statements.empty() ? 0 : statements.back().end);
}

}  // namespace ft::twophase
