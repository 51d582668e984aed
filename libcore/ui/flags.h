// What a command takes from its command line: flags, options, positionals, and what follows "--".
//
// A command declares them once, each with the variable that it fills; the parser, --help and the shell completions all
// read the same declarations, so that they cannot disagree. CLI11 does the parsing, in parse.cpp and nowhere else.
//
//     flags.positional("NAME", options.name, "the checkpoint's name");
//     flags.option("--level", options.level, "N", "zstd level 1 to 19").between(1, 19);
//     flags.toggle("--full", options.full, "read every file, whatever its times say");
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/failure.h"

namespace ft::ui {

/// A mistake on the command line: exit 2, nothing was run.
[[nodiscard]] Failure usage_failure(std::string_view what, std::string_view where, std::string_view why,
                                    std::string_view todo);

/// One declared flag or option.
class Option {
public:
    /// Takes one given value; answers why it is refused, nothing where it was taken.
    using Take = std::function<std::optional<std::string>(const std::string&)>;

    /// names  "-s, --store" or "--store"; metavar "" for a switch that takes no value.
    Option(std::string_view names, std::string metavar, std::string help, bool repeated, Take take);

    /// Refuses numbers outside [low, high].
    Option& between(std::int64_t low, std::int64_t high);
    /// Refuses any other word, and lets completions offer these.
    Option& one_of(std::vector<std::string> words);
    /// Lets completions offer files or checkpoints for a metavar that does not say so by itself.
    Option& completes(std::string_view kind);

    [[nodiscard]] const std::string& short_name() const { return short_name_; }
    [[nodiscard]] const std::string& long_name() const { return long_name_; }
    [[nodiscard]] const std::string& metavar() const { return metavar_; }
    [[nodiscard]] const std::string& help() const { return help_; }
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
    [[nodiscard]] const std::string& kind() const { return kind_.empty() ? metavar_ : kind_; }
    [[nodiscard]] bool repeated() const { return repeated_; }
    [[nodiscard]] std::optional<std::string> take(const std::string& value) const;

private:
    std::string short_name_, long_name_, metavar_, help_, kind_;
    std::vector<std::string> words_;
    bool repeated_;
    std::optional<std::pair<std::int64_t, std::int64_t>> range_;
    Take take_;
};

struct Positional {
    std::string metavar;
    std::string help;
    std::size_t least = 1;  ///< how many at least
    bool many = false;      ///< takes all that are left
    std::function<void(const std::string&)> take;
};

class Flags {
public:
    Option& toggle(std::string_view names, bool& target, std::string_view help);

    Option& option(std::string_view names, std::string& target, std::string_view metavar, std::string_view help);
    Option& option(std::string_view names, std::optional<std::string>& target, std::string_view metavar,
                   std::string_view help);
    /// May be given again and again.
    Option& option(std::string_view names, std::vector<std::string>& target, std::string_view metavar,
                   std::string_view help);
    Option& option(std::string_view names, int& target, std::string_view metavar, std::string_view help);
    Option& option(std::string_view names, unsigned& target, std::string_view metavar, std::string_view help);
    Option& option(std::string_view names, std::optional<std::uint64_t>& target, std::string_view metavar,
                   std::string_view help);
    /// "90s", "15m", "7d".
    Option& option(std::string_view names, std::chrono::seconds& target, std::string_view metavar,
                   std::string_view help);
    Option& option(std::string_view names, std::optional<std::chrono::seconds>& target, std::string_view metavar,
                   std::string_view help);

    /// Required.
    void positional(std::string_view metavar, std::string& target, std::string_view help);
    void positional(std::string_view metavar, std::optional<std::string>& target, std::string_view help);
    /// The last one: all that are left, `least` or more.
    void positionals(std::string_view metavar, std::vector<std::string>& target, std::size_t least,
                     std::string_view help);
    /// All words after "--", unparsed; without it they are positionals.
    void rest(std::string_view metavar, std::vector<std::string>& target, std::string_view help);

    [[nodiscard]] const std::deque<Option>& options() const { return options_; }
    [[nodiscard]] const std::vector<Positional>& positionals() const { return positionals_; }
    [[nodiscard]] const std::optional<Positional>& rest() const { return rest_; }

private:
    Option& add(std::string_view names, std::string_view metavar, std::string_view help, bool repeated,
                Option::Take take);
    std::deque<Option> options_;  // a deque: callers hold references while they add more
    std::vector<Positional> positionals_;
    std::optional<Positional> rest_;
};

/// Fills the declared variables from `words` (without the program's name and verb).
///
/// command  "ftckpt save", for messages.
/// fails    Exit::usage, naming the word and, where one is near, the flag that was meant.
void parse(const Flags& flags, const std::string& command, const std::vector<std::string>& words);

}  // namespace ft::ui
