#include "tests/sim/counter_history.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace ft::sim {

std::size_t History::begin(bool is_add, std::string key) {
    deeds_.push_back({.is_add = is_add, .key = std::move(key), .begun = now_++});
    return deeds_.size() - 1;
}

void History::answer(std::size_t deed, std::int64_t value) {
    deeds_[deed].value = value;
    deeds_[deed].ended = now_++;
}

void History::refuse(std::size_t deed, std::string why) {
    deeds_[deed].refused = true;
    deeds_[deed].why = std::move(why);
    deeds_[deed].ended = now_++;
}

void History::doubt(std::size_t deed, std::string why) {
    deeds_[deed].why = std::move(why);
    ++now_;
}

std::size_t History::answered() const {
    std::size_t count = 0;
    for (const Deed& deed : deeds_) count += deed.value ? 1 : 0;
    return count;
}

std::vector<std::string> History::complaints(std::int64_t last) const {
    std::vector<std::string> said;
    complain_of_order(said);
    complain_of_future(said);
    complain_of_count(last, said);
    return said;
}

/// Adds of 1 have an order: the values they were answered. Looks lie between them. Whoever ended before another began
/// came before it.
void History::complain_of_order(std::vector<std::string>& said) const {
    for (const Deed& first : deeds_) {
        if (!first.value) continue;
        for (const Deed& second : deeds_) {
            if (!second.value || first.ended >= second.begun) continue;
            const bool again = !second.key.empty() && first.key == second.key;  // told the first answer once more
            const bool repeats = !second.key.empty() && *second.value <= *first.value;
            const bool in_order = second.is_add ? *first.value < *second.value : *first.value <= *second.value;
            if (!again && !repeats && !in_order)
                said.push_back(fmt::format("{} was answered, and then {}", *first.value, *second.value));
        }
    }
}

/// Nobody is answered more than the adds that had begun by then.
void History::complain_of_future(std::vector<std::string>& said) const {
    for (const Deed& one : deeds_) {
        if (!one.value) continue;
        std::set<std::string> keys;
        std::int64_t begun = 0;
        for (const Deed& add : deeds_)
            if (add.is_add && add.begun < one.ended && (add.key.empty() || keys.insert(add.key).second)) ++begun;
        if (*one.value > begun) said.push_back(fmt::format("{} was answered, {} had begun", *one.value, begun));
    }
}

void History::complain_of_count(std::int64_t last, std::vector<std::string>& said) const {
    std::map<std::string, std::int64_t> keyed;
    std::set<std::int64_t> values;
    std::set<std::string> tried;
    std::int64_t sure = 0, possible = 0;
    for (const Deed& deed : deeds_) {
        if (deed.value && *deed.value > last)
            said.push_back(fmt::format("{} was answered, {} is left", *deed.value, last));
        if (!deed.is_add || deed.refused) continue;
        if (!deed.key.empty()) tried.insert(deed.key);
        if (!deed.value) {
            possible += deed.key.empty() ? 1 : 0;
            continue;
        }
        const auto [former, is_new] = keyed.emplace(deed.key, *deed.value);
        if (!deed.key.empty() && !is_new) {
            if (former->second != *deed.value)
                said.push_back(fmt::format("key {}: {} and {}", deed.key, former->second, *deed.value));
            continue;
        }
        if (!values.insert(*deed.value).second) said.push_back(fmt::format("{} was answered twice", *deed.value));
        ++sure;
    }
    keyed.erase("");
    possible += static_cast<std::int64_t>(tried.size() - keyed.size());
    if (last < sure || last > sure + possible)
        said.push_back(fmt::format("{} is left of {} sure and {} possible adds", last, sure, possible));
}

std::string History::story() const {
    std::string text;
    for (const Deed& deed : deeds_)
        text += fmt::format("[{}, {}] {}{} -> {} {}\n", deed.begun, deed.ended == UINT64_MAX ? 0 : deed.ended,
                            deed.is_add ? "add " : "get ", deed.key,
                            deed.value     ? std::to_string(*deed.value)
                            : deed.refused ? "refused"
                                           : "unknown",
                            deed.why);
    return text;
}

}  // namespace ft::sim
