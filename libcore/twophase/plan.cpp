#include "libcore/twophase/plan.h"

#include <fmt/format.h>

#include <toml++/toml.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/twophase/journal.h"
#include "libcore/twophase/spec.h"

namespace ft::twophase {

namespace {

Failure mistake(std::string_view where, const toml::source_region& at, std::string_view why) {
    return Failure({.what = "cannot understand the plan",
                    .where = fmt::format("{}:{}:{}", where, at.begin.line, at.begin.column),
                    .why = std::string(why),
                    .todo = "nothing was begun; see PLAN FILES in ft2pc(1)",
                    .exit = Exit::usage});
}

toml::table parse_toml(std::string_view text, std::string_view where) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {  // the library's word for bad input
        throw mistake(where, error.source(), error.description());
    }
}

/// What its reader needs to know of a plan.
struct Source {
    std::string_view where;
    const std::string& folder;
    const ReadText& read;
};

std::string unknown(std::string_view key, const std::vector<std::string>& known) {
    const std::optional<std::string> meant = did_you_mean(key, known);
    return fmt::format("unknown key '{}'{}", printable(key), meant ? fmt::format("; did you mean '{}'?", *meant) : "");
}

std::string text_in(const toml::node& node, const Source& source, std::string_view what) {
    if (std::optional<std::string> text = node.value_exact<std::string>()) return *std::move(text);
    throw mistake(source.where, node.source(), what);
}

/// { is = "pg:service=orders", sql = "orders.sql" }
Spec part_in(const toml::table& table, const Source& source) {
    std::string word;
    std::vector<std::string> sql;
    for (const auto& [key, node] : table) {
        if (key == "is")
            word = text_in(node, source, "not a participant: give a text as \"pg:service=orders\"");
        else if (key == "sql")
            sql.push_back(source.read(text_in(node, source, "not a file's name")));
        else if (key == "statements")
            sql.push_back(text_in(node, source, "not a text of SQL"));
        else
            throw mistake(source.where, key.source(), unknown(key.str(), {"is", "sql", "statements"}));
    }
    if (word.empty()) throw mistake(source.where, table.source(), "a participant without 'is'");
    std::vector<Spec> spec{parse_spec(word, source.folder)};
    give_sql(spec, sql);
    return spec.front();
}

Spec part_of(const toml::node& node, const Source& source) {
    try {
        if (const toml::table* table = node.as_table()) return part_in(*table, source);
        const std::string word = text_in(node, source, "not a participant: give a text as \"file:a.conf=a.conf.new\"");
        std::vector<Spec> spec{parse_spec(word, source.folder)};
        give_sql(spec, {});
        return spec.front();
    } catch (const Failure& failure) {  // adds the place in the plan
        if (failure.parts().where.starts_with(source.where)) throw;
        throw mistake(source.where, node.source(), failure.what());
    }
}

std::chrono::seconds deadline_of(const toml::node& node, std::string_view where) {
    const std::optional<std::string> text = node.value_exact<std::string>();
    const auto time = text ? parse_duration(*text) : std::nullopt;
    if (!time) throw mistake(where, node.source(), "not a duration: give a text as \"90s\", \"15m\" or \"7d\"");
    return *time;
}

std::vector<Spec> parts_of(const toml::node& node, const Source& source) {
    const toml::array* list = node.as_array();
    if (list == nullptr) throw mistake(source.where, node.source(), "participants is a list of texts");
    if (list->size() > most_parts)
        throw mistake(source.where, node.source(), fmt::format("more than {} participants", most_parts));
    std::vector<Spec> parts;
    for (const toml::node& one : *list) parts.push_back(part_of(one, source));
    return parts;
}

}  // namespace

Plan parse_plan(std::string_view text, std::string_view where, const std::string& folder, const ReadText& read) {
    const toml::table table = parse_toml(text, where);
    const std::vector<std::string> known{"deadline", "participants"};
    Plan plan;
    for (const auto& [key, node] : table) {
        if (key == "deadline") {
            plan.deadline = deadline_of(node, where);
        } else if (key == "participants") {
            plan.parts = parts_of(node, {.where = where, .folder = folder, .read = read});
        } else {
            throw mistake(where, key.source(), unknown(key.str(), known));
        }
    }
    if (plan.parts.empty())
        throw Failure({.what = "cannot understand the plan",
                       .where = std::string(where),
                       .why = "it has no participants",
                       .todo = "give participants = [\"file:a.conf=a.conf.new\"]",
                       .exit = Exit::usage});
    return plan;
}

}  // namespace ft::twophase
