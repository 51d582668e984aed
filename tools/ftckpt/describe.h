// A checkpoint's manifest as the fields and the words of an answer.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/store/store.h"
#include "libcore/ui/answer.h"

namespace ft::tools {

struct Sums {
    std::uint64_t entries = 0, files = 0, bytes = 0, changed = 0;
};
[[nodiscard]] Sums sums_of(const store::Manifest& manifest);

/// The manifest, or the damage that is met instead: one rotten checkpoint must not hide the others.
/// std::monostate: it was removed meanwhile.
using Look = std::variant<store::Manifest, Failure, std::monostate>;
[[nodiscard]] Look look_at(store::Store& store, const store::CheckpointId& id);

/// Every field that list, show and status share.
[[nodiscard]] ui::Answer manifest_answer(const store::Manifest& manifest, bool pinned);
[[nodiscard]] ui::Answer damaged_answer(const store::CheckpointId& id, const Failure& failure);

/// "incomplete, pinned".
[[nodiscard]] std::string marks_of(const store::Manifest& manifest, bool pinned);

/// All checkpoints that `selector` names: of a name, one (NAME@SEL), or without it all of the store; oldest first.
/// fails  Exit::no where a name is given and there is nothing of it.
[[nodiscard]] std::vector<store::CheckpointId> select(store::Store& store, const std::optional<std::string>& selector);

}  // namespace ft::tools
