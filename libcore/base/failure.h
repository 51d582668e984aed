// The one way in which an operation fails.
//
// A Failure says what could not be done, where, why, and what to do next; it travels as an exception to exactly one
// place (ui/run_tool), which prints it in one line and ends with its exit code. Outcomes that a caller weighs are
// values, never Failures.
//
//     throw Failure({.what = "cannot open the store", .where = path, .why = "not a store", .todo = "use --store"});
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace ft {

/// Exit codes, one table for all programs (ft(7)).
enum class Exit : int {
    done = 0,
    failed = 1,
    usage = 2,
    incomplete = 3,
    damage = 4,
    busy = 5,
    in_doubt = 6,
    no = 7,
};

struct Failure : std::exception {
    struct Parts {
        std::string what = {};   ///< what could not be done: "cannot save 'job'"
        std::string where = {};  ///< the object: a path, a checkpoint, a flag
        std::string why = {};    ///< the reason, in the system's words where it has some
        std::string todo = {};   ///< the remedy, or what state remains: "nothing changed; try 'ftckpt prune'"
        Exit exit = Exit::failed;
        int error = 0;  ///< errno behind it, 0 where there is none
    };

    explicit Failure(Parts parts);

    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
    [[nodiscard]] const Parts& parts() const noexcept { return parts_; }
    [[nodiscard]] Exit exit() const noexcept { return parts_.exit; }
    [[nodiscard]] int error() const noexcept { return parts_.error; }

    /// The same failure seen from one level up: `action` replaces what, the former what joins the reason.
    [[nodiscard]] Failure within(std::string_view action) const;
    /// The same failure with a remedy, unless it has one.
    [[nodiscard]] Failure advised(std::string_view todo) const;

private:
    Parts parts_;
    std::string text_;
};

/// A failed system call. error is errno; where names the object.
[[nodiscard]] Failure system_failure(std::string_view what, std::string_view where, int error);

/// Damage found in stored bytes: exit 4.
[[nodiscard]] Failure damage(std::string_view where, std::string_view why);

/// A broken invariant of the program itself: prints and aborts, in release builds too. Never for bytes from outside.
void check(bool holds, const char* invariant) noexcept;

}  // namespace ft
