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

std::string in_capitals(std::string_view word) {
    std::string text(word);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return text;
}

/// Walks through a script and forgets what is quoted.
class Walk {
public:
    explicit Walk(std::string_view script) : script_(script) {}

    std::vector<Statement> run() {
        while (at_ < script_.size()) step();
        end_statement();
        return std::move(found_);
    }

private:
    [[nodiscard]] std::string_view rest() const { return script_.substr(at_); }
    void step();
    void take_word();
    void take(std::size_t length);
    /// Up to and with the next `end`; to the end of the script where there is none.
    void take_past(std::string_view end, std::size_t from);
    void take_quoted(char quote, bool escapes);
    void take_comment();
    void take_dollar();
    void end_statement();

    std::string_view script_;
    std::size_t at_ = 0, line_ = 1;
    unsigned parentheses_ = 0, bodies_ = 0;
    std::string last_word_;
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
    std::size_t length = 2;
    for (unsigned depth = 1; depth > 0 && length < rest().size(); ++length) {
        const std::string_view next = rest().substr(length, 2);
        if (next == "/*") ++depth;
        if (next == "*/") --depth;
        if (next == "/*" || next == "*/") ++length;
    }
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
    const bool in_function = !statement_.words.empty() && statement_.words[0] == "CREATE";
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
    parentheses_ = bodies_ = 0;
}

void Walk::step() {
    const char c = rest().front();
    if (rest().starts_with("--")) return take_past("\n", 0);
    if (rest().starts_with("/*")) return take_comment();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') return take(1);
    if (c == ';' && parentheses_ == 0 && bodies_ == 0) {
        end_statement();
        return take(1);
    }
    if (!began_) statement_.line = line_;
    began_ = true;
    if (c == '\'' || c == '"' || c == '`') return take_quoted(c, false);
    if (c == '$') return take_dollar();
    if (is_letter(c)) return take_word();
    if (c == '(') ++parentheses_;
    if (c == ')' && parentheses_ > 0) --parentheses_;
    take(1);
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

}  // namespace

std::vector<Statement> statements_of(std::string_view script) { return Walk(script).run(); }

std::string transaction_control_in(std::string_view script) {
    for (const Statement& statement : statements_of(script))
        if (controls(statement))
            return fmt::format("line {}: {}", statement.line,
                               fmt::join(statement.words.begin(),
                                         statement.words.begin() + (statement.words.size() > 1 ? 2 : 1), " "));
    return {};
}

}  // namespace ft::twophase
