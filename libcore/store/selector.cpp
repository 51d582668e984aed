// NAME, NAME@7, NAME@latest-1, NAME@2026-11-23T10:00: which checkpoint is meant.
#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/store/store.h"

namespace ft::store {
namespace {

constexpr std::string_view latest = "latest";

[[noreturn]] void malformed(std::string_view selector) {
    throw Failure({.what = "cannot read the checkpoint's name",
                   .where = "'" + printable(selector) + "'",
                   .why = "it is not NAME, NAME@SEQ, NAME@latest, NAME@latest-N or NAME@TIME",
                   .todo = "see 'ftckpt list'",
                   .exit = Exit::usage});
}

[[noreturn]] void nothing(const std::string& selector, const Backend& backend, const std::string& todo) {
    throw Failure({.what = "no checkpoint '" + printable(selector) + "'",
                   .where = backend.path(),
                   .todo = todo,
                   .exit = Exit::no});
}

/// N of "latest-N"; 0 for "latest" and for nothing; std::nullopt for another word.
std::optional<std::uint64_t> steps_back(std::string_view which) {
    if (which.empty() || which == latest) return 0;
    if (!which.starts_with(latest) || which[latest.size()] != '-') return std::nullopt;
    return parse_number(which.substr(latest.size() + 1));
}

std::optional<std::uint64_t> newest_at(Store& store, const std::string& name,
                                       const std::vector<std::uint64_t>& sequences, Time time) {
    for (auto at = sequences.rbegin(); at != sequences.rend(); ++at)
        if (store.manifest({name, *at}).finished <= time) return *at;
    return std::nullopt;
}

}  // namespace

CheckpointId Store::resolve(std::string_view selector) {
    const std::size_t at = selector.find('@');
    const std::string name(selector.substr(0, at));
    const std::string_view which = at == std::string_view::npos ? latest : selector.substr(at + 1);
    if (!is_valid_name(name) || which.empty()) malformed(selector);
    const std::vector<std::uint64_t> all = sequences(name);
    if (all.empty()) {
        const std::vector<std::string> known = names();
        const std::optional<std::string> near = did_you_mean(name, known);
        nothing(std::string(selector), *backend_, near ? "did you mean '" + *near + "'?" : "see 'ftckpt list'");
    }
    const std::string todo = "'" + name + "' has " + std::to_string(all.front()) + " to " + std::to_string(all.back()) +
                             "; see 'ftckpt list " + name + "'";
    std::optional<std::uint64_t> found;
    if (const auto number = parse_number(which)) {
        if (std::binary_search(all.begin(), all.end(), *number)) found = *number;
    } else if (const auto back = steps_back(which)) {
        if (*back < all.size()) found = all[all.size() - 1 - *back];
    } else if (const auto time = parse_time(which)) {
        found = newest_at(*this, name, all, *time);
    } else {
        malformed(selector);
    }
    if (!found) nothing(std::string(selector), *backend_, todo);
    return {name, *found};
}

}  // namespace ft::store
