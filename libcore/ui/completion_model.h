// What a completion script needs to know of a program, the same for every shell.
#pragma once

#include <string>
#include <vector>

#include "libcore/ui/command.h"

namespace ft::ui {

/// What may stand in a place of the command line.
enum class Offer { nothing, files, checkpoints, words };

struct OfferedFlag {
    std::string short_name;  ///< "-s" or ""
    std::string long_name;   ///< "--store"
    std::string help;
    bool takes_value = false;
    bool repeated = false;
    std::string metavar;
    Offer offer = Offer::nothing;
    std::vector<std::string> words;
};

struct OfferedPlace {
    std::string metavar;
    Offer offer = Offer::nothing;
    bool many = false;
};

struct OfferedCommand {
    std::string name;  ///< "" for the only command of a program
    std::string purpose;
    std::vector<OfferedFlag> flags;
    std::vector<OfferedPlace> places;
    bool has_rest = false;
};

/// Every command of the tool, the common flags with each.
[[nodiscard]] std::vector<OfferedCommand> offered_commands(const Tool& tool);

[[nodiscard]] std::string bash_completion(const Tool& tool);
[[nodiscard]] std::string zsh_completion(const Tool& tool);
[[nodiscard]] std::string fish_completion(const Tool& tool);

}  // namespace ft::ui
