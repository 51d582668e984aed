#include "tests/golden/twophase_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "tests/catch.h"

namespace ft::twophase {

namespace {

wal::Record record_of(const std::string& line) {
    const std::size_t bar = line.find(" | ");
    REQUIRE(bar != std::string::npos);
    wal::Record record{.type = static_cast<std::uint8_t>(std::stoul(line.substr(0, bar), nullptr, 16)), .body = {}};
    for (std::size_t at = bar + 3; at < line.size(); at += 2)
        record.body.push_back(static_cast<std::byte>(std::stoul(line.substr(at, 2), nullptr, 16)));
    return record;
}

std::string told(const Tokens& tokens) {
    std::string text;
    for (const std::optional<std::string>& token : tokens)
        text += token ? token->empty() ? " ''" : " " + *token : std::string(" -");
    return text;
}

}  // namespace

std::vector<Case> cases_of(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/twophase-v1/" + name);
    REQUIRE(file.good());
    std::vector<Case> cases;
    for (std::string line; std::getline(file, line);) {
        const std::size_t bar = line.find(" | ");
        if (line.starts_with("= "))
            cases.push_back({line.substr(2, bar - 2), line.substr(bar + 3), {}});
        else
            cases.back().records.push_back(record_of(line));
    }
    return cases;
}

Records records_of(const std::string& file, const std::string& name) {
    const std::vector<Case> cases = cases_of(file);
    const auto found = std::find_if(cases.begin(), cases.end(), [&](const Case& one) { return one.name == name; });
    REQUIRE(found != cases.end());
    return found->records;
}

std::string told(const Story& story) {
    const History& history = story.history;
    std::string text = story.upstream.empty() ? "" : "for " + story.upstream + ", ";
    text += fmt::format("deadline {}, {} participants", story.deadline.count(), story.parts.size());
    if (history.asked) text += ", asked";
    if (history.prepared) text += ", prepared" + told(*history.prepared);
    if (story.resolution) text += ", resolved commit: " + story.resolution->reason;
    if (history.decision == Decision::commit) text += ", commit" + told(history.tokens);
    if (history.decision == Decision::abort) text += ", abort";
    for (const auto& [part, why] : history.broken) text += fmt::format(", {} broke it: {}", part, why);
    return text + (history.ended ? ", ended" : "");
}

}  // namespace ft::twophase
