// The table of all kinds of participants: from a word of the user ("file:a=b") to a Spec, and from that to a
// Participant.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "libcore/twophase/journal.h"
#include "libcore/twophase/participant.h"

namespace ft::twophase {

[[nodiscard]] std::span<const Kind> kinds();
/// folder  what relative paths are relative to. fails  Exit::usage.
[[nodiscard]] Spec parse_spec(const std::string& word, const std::string& folder);
/// Gives each participant that takes SQL the next of these texts.
///
/// fails  Exit::usage where there are more or fewer texts than such participants.
void give_sql(std::vector<Spec>& specs, const std::vector<std::string>& texts);
[[nodiscard]] std::unique_ptr<Participant> make_participant(const Spec& spec, const Branch& branch,
                                                            const Surroundings& surroundings);
/// Where its branches are prepared, and nothing else of it; std::nullopt where they cannot be listed there.
[[nodiscard]] std::optional<Spec> place_of(const Spec& spec);
/// Kind::may_commit_alone of its kind.
[[nodiscard]] bool may_commit_alone(const Spec& spec);
/// As Kind::list of the place's kind.
[[nodiscard]] Listed list_branches(const Spec& place, const std::string& prefix, const Surroundings& surroundings);
/// As Kind::abort_all of the place's kind; std::nullopt where that has none, and nothing was done.
[[nodiscard]] std::optional<std::vector<Settled>> abort_branches(const Spec& place, const std::vector<Branch>& branches,
                                                                 unsigned at_once, const Surroundings& surroundings);
/// All of a transaction's, in order.
[[nodiscard]] std::vector<std::unique_ptr<Participant>> make_participants(const Story& story, const Uuid& coordinator,
                                                                          const Surroundings& surroundings);

}  // namespace ft::twophase
