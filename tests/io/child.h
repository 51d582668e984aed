// What happens to a process of its own: for kills, other users and locks that another process holds.
#pragma once

#include <functional>
#include <optional>

namespace ft {

/// How a child ended.
struct Ended {
    std::optional<int> signal;
    int code = 0;  ///< 0: `body` returned true; 1: false; 2: it threw a Failure, which was printed
};

/// Runs `body` in a forked child and waits for it.
[[nodiscard]] Ended run_in_child(const std::function<bool()>& body);

/// The same as a user without any rights: as `nobody` where this process is root, else as who we are.
[[nodiscard]] Ended run_without_rights(const std::function<bool()>& body);

}  // namespace ft
