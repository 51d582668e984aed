#include "libcore/twophase/mariadb_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/twophase/replacement.h"

namespace ft::twophase {

namespace {

constexpr std::array<std::string_view, 7> keys{
    "database", "host", "port", "socket", "user", "defaults-file", "defaults-group-suffix"};

Failure unusable(const std::string& why) {
    return Failure(
        {.what = "cannot understand a 'mysql:' participant",
         .why = why,
         .todo = "name the database and what else is needed: mysql:orders, 'mysql:orders host=db7 user=shop'",
         .exit = Exit::usage});
}

/// "a='b c'" and what follows it: each word, with its quotes taken off ('' stands for one of them).
std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    bool in_word = false, quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool blank = !quoted && (c == ' ' || c == '\t' || c == '\n');
        if (!blank && !in_word) words.emplace_back();
        in_word = !blank;
        if (c == '\'' && quoted && text.substr(at + 1, 1) == "'")
            words.back() += text[at++];
        else if (c == '\'')
            quoted = !quoted;
        else if (!blank)
            words.back() += c;
    }
    if (quoted) throw unusable("a quote is not closed");
    return words;
}

using Fields = std::map<std::string, std::string>;

void add_field(Fields& fields, const std::string& key, const std::string& value) {
    if (key == "password") throw unusable("a password would be seen by others and kept: put it into ~/.my.cnf");
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        const std::vector<std::string> known(keys.begin(), keys.end());
        const auto meant = did_you_mean(key, known);
        throw unusable(
            fmt::format("there is no '{}'{}", printable(key), meant ? "; did you mean '" + *meant + "'?" : ""));
    }
    if (value.empty()) throw unusable(fmt::format("nothing behind '{}='", key));
    if (!fields.emplace(key, value).second) throw unusable(fmt::format("'{}' is said twice", key));
}

/// The same from whichever shell it is used: what the environment adds is written down, but where option files of the
/// user's choice say it.
void add_environment(Fields& fields) {
    if (fields.contains("defaults-file") || fields.contains("defaults-group-suffix")) return;
    const auto add = [&](const char* variable, const std::string& key) {
        const char* value = std::getenv(variable);
        if (value != nullptr && *value != '\0') fields.emplace(key, value);
    };
    if (!fields.contains("socket")) add("MYSQL_HOST", "host");
    const bool is_remote = fields.contains("host") && fields.at("host") != "localhost";
    is_remote ? add("MYSQL_TCP_PORT", "port") : add("MYSQL_UNIX_PORT", "socket");
}

/// The same words again, in one order.
std::string text_of(const Fields& fields) {
    std::string text;
    for (const auto& [key, value] : fields) {
        std::string quoted;
        for (const char c : value) quoted += c == '\'' ? "''" : std::string(1, c);
        text += fmt::format("{}{}='{}'", text.empty() ? "" : " ", key, quoted);
    }
    return text;
}

Fields fields_of(const std::string& text) {
    Fields fields;
    for (const std::string& word : words_of(text)) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos)
            add_field(fields, "database", word);
        else
            add_field(fields, word.substr(0, equals), word.substr(equals + 1));
    }
    if (!fields.contains("database")) throw unusable("no database is named");
    const auto port = fields.find("port");
    if (port != fields.end() && parse_number(port->second).value_or(0) - 1 >= 65535)
        throw unusable(fmt::format("'{}' is not a port", printable(port->second)));
    return fields;
}

}  // namespace

std::string quoted_name(const std::string& name) {
    std::string quoted = "`";
    for (const char c : name) quoted += c == '`' ? "``" : std::string(1, c);
    return quoted + "`";
}

std::string settled_place(const std::string& text, const std::string& folder) {
    Fields fields = fields_of(text);
    add_environment(fields);
    for (const std::string key : {"socket", "defaults-file"})
        if (fields.contains(key)) fields[key] = absolute(fields[key], folder);
    return text_of(fields);
}

MariaPlace maria_place(const std::string& text) {
    Fields fields = fields_of(text);
    return {.database = fields["database"],
            .host = fields["host"],
            .port = fields["port"],
            .socket = fields["socket"],
            .user = fields["user"],
            .defaults_file = fields["defaults-file"],
            .defaults_group_suffix = fields["defaults-group-suffix"]};
}

}  // namespace ft::twophase
