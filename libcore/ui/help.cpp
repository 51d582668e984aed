#include "libcore/ui/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace ft::ui {

namespace {

constexpr std::size_t flag_column = 26;

/// "  left      right, wrapped below itself", the right part on its own line where the left one is long.
std::string entry(const std::string& left, const std::string& right, std::size_t column) {
    std::string line = "  " + left;
    if (right.empty()) return line + "\n";
    if (line.size() + 2 > column)
        line += "\n" + std::string(column, ' ');
    else
        line += std::string(column - line.size(), ' ');
    const std::size_t start = line.rfind('\n') == std::string::npos ? 0 : line.rfind('\n') + 1;
    const std::string head = line.substr(0, start);
    return head + wrapped(line.substr(start) + right, column) + "\n";
}

std::string names_of(const Option& option) {
    std::string names = option.short_name().empty() ? "    " : option.short_name() + ", ";
    names += option.long_name();
    return option.metavar().empty() ? names : names + " " + option.metavar();
}

std::string more_examples(const CommandText& command) {
    std::string text;
    for (std::size_t i = 1; i < command.examples.size(); ++i) {
        text += "  " + command.examples[i].command + "\n";
        text += "      " + wrapped(command.examples[i].meaning, 6, 74) + "\n";
    }
    return text.empty() ? text : "\nExamples:\n" + text;
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
    const std::size_t body = text.find_first_not_of(' ');
    std::string result, line = text.substr(0, std::min(body, text.size()));
    std::istringstream words(text);
    std::string word;
    bool fresh = true;  // nothing on this line yet but its indentation
    // Spaces inside the first `indent` columns are layout and stay: they separate a flag from its meaning.
    if (indent != 0 && text.size() > indent && text[indent - 1] == ' ') {
        line = text.substr(0, indent);
        words.str(text.substr(indent));
    }
    while (words >> word) {
        if (!fresh && line.size() + 1 + word.size() > width) {
            result += line + "\n";
            line.assign(indent, ' ');
            fresh = true;
        }
        if (!fresh) line += ' ';
        line += word;
        fresh = false;
    }
    return result + line;
}

std::string command_line(const Tool& tool, const CommandText& command) {
    return command.name.empty() ? tool.name : tool.name + " " + command.name;
}

std::string tool_help(const Tool& tool) {
    std::string commands;
    std::size_t column = 0;
    for (const auto& add : tool.commands) column = std::max(column, add().text.name.size() + 4);
    column = std::max(column, std::string("completion").size() + 4);
    for (const auto& add : tool.commands) commands += entry(add().text.name, add().text.purpose, column);
    commands += entry("completion", "print a completion script for bash, zsh or fish", column);
    return fmt::format(
        "Example: {}\n\n{}\n\nUsage: {} COMMAND [ARGUMENT...] [FLAG...]\n\nCommands:\n{}\n{}",
        tool.commands.front()().text.examples.front().command, tool.name + ": " + tool.purpose, tool.name, commands,
        fmt::format("'{0} COMMAND --help' tells more; '{0} --version' prints the version.\n", tool.name));
}

std::string command_help(const Tool& tool, const CommandText& command, const Flags& flags) {
    const std::string line = command_line(tool, command);
    std::string text = fmt::format("Example: {}\n\n{}\n\n", command.examples.front().command,
                                   wrapped(line + ": " + command.purpose, 2));
    for (std::size_t i = 0; i < command.usage.size(); ++i)
        text += wrapped((i == 0 ? "Usage: " : "       ") + line + " " + command.usage[i], 9) + "\n";
    for (const std::string& paragraph : command.details) text += "\n" + wrapped(paragraph, 0) + "\n";
    text += more_examples(command);
    if (!flags.positionals().empty()) text += "\nArguments:\n";
    for (const Positional& positional : flags.positionals()) text += entry(positional.metavar, positional.help, 16);
    if (flags.rest()) text += entry("-- " + flags.rest()->metavar, flags.rest()->help, 16);
    text += "\nFlags:\n";
    for (const Option& option : flags.options()) text += entry(names_of(option), option.help(), flag_column);
    text += entry("-h, --help", "print this", flag_column);
    return text;
}

}  // namespace ft::ui
