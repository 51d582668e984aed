#include "libcore/twophase/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/twophase/kinds.h"

namespace ft::twophase {

namespace {

constexpr std::size_t longest_word = 1U << 16;  ///< bytes

const auto& table() {
    static const std::array kinds{file_kind(), switch_kind(), exec_kind(),    pipe_kind(),
                                  pg_kind(),   mysql_kind(),  counter_kind(), ckpt_kind()};
    return kinds;
}

const Kind* find_kind(std::string_view name) {
    const auto found =
        std::find_if(table().begin(), table().end(), [&](const Kind& kind) { return kind.name == name; });
    return found == table().end() ? nullptr : &*found;
}

/// As much of a word as a message can bear.
std::string shown(std::string_view word) {
    constexpr std::size_t enough = 80;
    return printable(word.substr(0, enough)) + (word.size() > enough ? "..." : "");
}

Failure no_such_kind(std::string_view word, std::string_view name) {
    std::vector<std::string> names;
    std::string forms;
    for (const Kind& kind : table()) {
        names.emplace_back(kind.name);
        forms += fmt::format("{}{}", forms.empty() ? "" : ", ", kind.usage);
    }
    const std::optional<std::string> meant = did_you_mean(name, names);
    return Failure({.what = "not a participant",
                    .where = shown(word),
                    .why = meant ? fmt::format("did you mean '{}:'?", *meant) : "",
                    .todo = "give " + forms,
                    .exit = Exit::usage});
}

/// Of a spec that a journal holds.
const Kind& kind_of(const Spec& spec) {
    if (const Kind* kind = find_kind(spec.kind)) return *kind;
    throw Failure({.what = "cannot reach a participant",
                   .where = spec.label,
                   .why = fmt::format("this ft2pc knows nothing of '{}:'", printable(spec.kind)),
                   .todo = "use the version that began the transaction"});
}

}  // namespace

std::span<const Kind> kinds() { return table(); }

Spec parse_spec(const std::string& word, const std::string& folder) {
    if (word.size() > longest_word || word.find('\0') != std::string::npos)
        throw Failure({.what = "not a participant",
                       .where = shown(word),
                       .why = word.size() > longest_word ? fmt::format("it is longer than {} bytes", longest_word)
                                                         : "it has a zero byte",
                       .exit = Exit::usage});
    const std::size_t colon = word.find(':');
    const std::string name = word.substr(0, colon);
    const Kind* kind = find_kind(name);
    if (colon == std::string::npos || kind == nullptr) throw no_such_kind(word, name);
    Spec spec = kind->parse(word.substr(colon + 1), folder);
    spec.kind = name;
    spec.label = word;
    return spec;
}

void give_sql(std::vector<Spec>& specs, const std::vector<std::string>& texts) {
    std::size_t given = 0;
    for (Spec& spec : specs) {
        const Kind* kind = find_kind(spec.kind);
        if (kind == nullptr || !kind->takes_sql || spec.fields.contains("sql")) continue;
        if (given == texts.size())
            throw Failure({.what = "no SQL is given",
                           .where = printable(spec.label),
                           .why = "",
                           .todo = "name a file with --sql FILE, in a plan with sql = \"FILE\"",
                           .exit = Exit::usage});
        spec.fields["sql"] = texts[given++];
    }
    if (given < texts.size())
        throw Failure({.what = "too much SQL is given",
                       .where = "",
                       .why = fmt::format("{} files for {} databases", texts.size(), given),
                       .todo = "name a database for each",
                       .exit = Exit::usage});
}

std::unique_ptr<Participant> make_participant(const Spec& spec, const Branch& branch,
                                              const Surroundings& surroundings) {
    return kind_of(spec).make(spec, branch, surroundings);
}

std::optional<Spec> place_of(const Spec& spec) {
    const Kind* kind = find_kind(spec.kind);
    if (kind == nullptr || kind->place.empty()) return std::nullopt;
    const std::string field(kind->place);
    const auto where = spec.fields.find(field);
    if (where == spec.fields.end()) return std::nullopt;
    return Spec{.kind = spec.kind, .label = spec.kind + ":" + where->second, .fields = {*where}};
}

bool may_commit_alone(const Spec& spec) {
    const Kind* kind = find_kind(spec.kind);
    return kind != nullptr && kind->may_commit_alone;
}

Listed list_branches(const Spec& place, const std::string& prefix, const Surroundings& surroundings) {
    const Kind& kind = kind_of(place);
    if (kind.list == nullptr) throw damage(place.label, "not a place whose branches can be listed");
    return kind.list(place, prefix, surroundings);
}

std::optional<std::vector<Settled>> abort_branches(const Spec& place, const std::vector<Branch>& branches,
                                                   unsigned at_once, const Surroundings& surroundings) {
    const Kind& kind = kind_of(place);
    if (kind.abort_all == nullptr) return std::nullopt;
    return kind.abort_all(place, branches, at_once, surroundings);
}

std::vector<std::unique_ptr<Participant>> make_participants(const Story& story, const Uuid& coordinator,
                                                            const Surroundings& surroundings) {
    std::vector<std::unique_ptr<Participant>> participants;
    for (const Spec& spec : story.parts) {
        const Branch branch{.coordinator = coordinator,
                            .journal = story.number,
                            .sequence = 0,
                            .index = static_cast<std::uint32_t>(participants.size())};
        participants.push_back(make_participant(spec, branch, surroundings));
    }
    return participants;
}

}  // namespace ft::twophase
