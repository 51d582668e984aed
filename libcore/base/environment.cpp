#include "libcore/base/environment.h"

#include <cstdlib>

#include "libcore/base/failure.h"

namespace ft {

std::optional<std::string> environment(const char* variable) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
}

std::string path_of(const StatePlace& place) {
    if (const auto path = environment(place.variable)) return *path;
    if (const auto state = environment("XDG_STATE_HOME")) return *state + "/ft/" + place.folder;
    if (const auto home = environment("HOME")) return *home + "/.local/state/ft/" + place.folder;
    throw Failure({.what = place.what, .why = "HOME is not set", .todo = place.todo, .exit = Exit::usage});
}

}  // namespace ft
