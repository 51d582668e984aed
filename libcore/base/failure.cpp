#include "libcore/base/failure.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ft {

namespace {

/// "what: where: why; todo", empty parts left out.
std::string sentence(const Failure::Parts& parts) {
    std::string text;
    for (const std::string* part : {&parts.what, &parts.where, &parts.why}) {
        if (part->empty()) continue;
        if (!text.empty()) text += ": ";
        text += *part;
    }
    if (!parts.todo.empty()) {
        if (!text.empty()) text += "; ";
        text += parts.todo;
    }
    return text;
}

std::string words_of(int error) {
    // Unlike strerror, never translated and free of shared buffers.
    const char* words = strerrordesc_np(error);
    return words != nullptr ? words : "error " + std::to_string(error);
}

}  // namespace

Failure::Failure(Parts parts) : parts_(std::move(parts)), text_(sentence(parts_)) {}

Failure Failure::within(std::string_view action) const {
    Parts outer = parts_;
    outer.what = action;
    if (outer.why.empty())
        outer.why = parts_.what;
    else if (!parts_.what.empty())
        outer.why = parts_.what + ": " + parts_.why;
    return Failure(std::move(outer));
}

Failure Failure::advised(std::string_view todo) const {
    Parts parts = parts_;
    if (parts.todo.empty()) parts.todo = todo;
    return Failure(std::move(parts));
}

Failure system_failure(std::string_view what, std::string_view where, int error) {
    return Failure({.what = std::string(what),
                    .where = std::string(where),
                    .why = words_of(error),
                    .todo = {},
                    .exit = Exit::failed,
                    .error = error});
}

Failure damage(std::string_view where, std::string_view why) {
    return Failure({.what = "damaged",
                    .where = std::string(where),
                    .why = std::string(why),
                    .todo = {},
                    .exit = Exit::damage,
                    .error = 0});
}

void check(bool holds, const char* invariant) noexcept {
    if (holds) return;
    std::fprintf(stderr, "ft: broken invariant: %s; this is a bug, nothing more was changed\n", invariant);
    std::abort();
}

}  // namespace ft
