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

Spec part_of(const toml::node& node, std::string_view where, const std::string& folder) {
    const std::optional<std::string> word = node.value_exact<std::string>();
    if (!word) throw mistake(where, node.source(), "not a participant: give a text as \"file:a.conf=a.conf.new\"");
    try {
        return parse_spec(*word, folder);
    } catch (const Failure& failure) {  // adds the place in the plan
        throw mistake(where, node.source(), failure.what());
    }
}

std::chrono::seconds deadline_of(const toml::node& node, std::string_view where) {
    const std::optional<std::string> text = node.value_exact<std::string>();
    const auto time = text ? parse_duration(*text) : std::nullopt;
    if (!time) throw mistake(where, node.source(), "not a duration: give a text as \"90s\", \"15m\" or \"7d\"");
    return *time;
}

std::vector<Spec> parts_of(const toml::node& node, std::string_view where, const std::string& folder) {
    const toml::array* list = node.as_array();
    if (list == nullptr) throw mistake(where, node.source(), "participants is a list of texts");
    if (list->size() > most_parts)
        throw mistake(where, node.source(), fmt::format("more than {} participants", most_parts));
    std::vector<Spec> parts;
    for (const toml::node& one : *list) parts.push_back(part_of(one, where, folder));
    return parts;
}

}  // namespace

Plan parse_plan(std::string_view text, std::string_view where, const std::string& folder) {
    const toml::table table = parse_toml(text, where);
    const std::vector<std::string> known{"deadline", "participants"};
    Plan plan;
    for (const auto& [key, node] : table) {
        if (key == "deadline") {
            plan.deadline = deadline_of(node, where);
        } else if (key == "participants") {
            plan.parts = parts_of(node, where, folder);
        } else {
            const std::optional<std::string> meant = did_you_mean(key.str(), known);
            throw mistake(where, key.source(),
                          fmt::format("unknown key '{}'{}", printable(key.str()),
                                      meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
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
