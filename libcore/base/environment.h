// What the environment says, and where it lets ft keep its things.
#pragma once

#include <optional>
#include <string>

namespace ft {

/// std::nullopt where it is not set, or empty.
[[nodiscard]] std::optional<std::string> environment(const char* variable);

/// A folder that its user may name, and need not.
struct StatePlace {
    const char* variable = "";  ///< "FT_STORE"
    const char* folder = "";    ///< "store": below $XDG_STATE_HOME/ft, else ~/.local/state/ft
    const char* what = "";      ///< what is wrong where there is no home either: "no store is named"
    const char* todo = "";      ///< "name one with FT_STORE"
};
/// fails  Exit::usage where nothing of it is set.
[[nodiscard]] std::string path_of(const StatePlace& place);

}  // namespace ft
