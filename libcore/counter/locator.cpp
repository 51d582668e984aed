#include "libcore/counter/locator.h"

#include <filesystem>

#include "libcore/base/failure.h"
#include "libcore/io/dir.h"

namespace ft::counter {

namespace {

constexpr std::string_view shm_prefix = "shm:", command_prefix = "pipe:", shm_folder = "/dev/shm";

Failure unusable(std::string_view words, std::string why) {
    return Failure({.what = "cannot use the replica",
                    .where = std::string(words),
                    .why = std::move(why),
                    .todo = "give a path, shm:/NAME or 'pipe:COMMAND'",
                    .exit = Exit::usage});
}

}  // namespace

Locator parse_locator(std::string_view words) {
    if (words.size() > longest_locator) throw unusable(words.substr(0, 40), "it is too long");
    if (words.find('\n') != std::string_view::npos || words.find('\0') != std::string_view::npos)
        throw unusable("", "it has more than one line");
    if (words.starts_with(command_prefix)) {
        const std::string command(words.substr(command_prefix.size()));
        if (command.find_first_not_of(' ') == std::string::npos) throw unusable(words, "there is no command");
        return {Locator::Kind::command, command};
    }
    if (words.starts_with(shm_prefix)) {
        const std::string_view name = words.substr(shm_prefix.size());
        if (!name.starts_with('/') || !io::is_name(name.substr(1)))
            throw unusable(words, "the name of shared memory is a slash and one name");
        return {Locator::Kind::file, std::string(shm_folder) + std::string(name)};
    }
    if (words.empty() || words.ends_with('/')) throw unusable(words, "it names no file");
    return {Locator::Kind::file, std::string(words)};
}

std::string plain_path(std::string_view path) {
    std::string plain = std::filesystem::path(path).lexically_normal().string();
    if (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
    return plain.empty() ? "." : plain;
}

std::string kept_locator(std::string_view words, const std::string& folder, const std::string& here) {
    const Locator locator = parse_locator(words);
    if (locator.kind == Locator::Kind::command || words.starts_with(shm_prefix)) return std::string(words);
    const std::string path = plain_path(path_of(locator, here));
    const std::string below = plain_path(folder) == "/" ? "/" : plain_path(folder) + "/";
    const std::string kept = path.starts_with(below) ? path.substr(below.size()) : path;
    // A file name may look like another kind of locator.
    return kept.starts_with(command_prefix) || kept.starts_with(shm_prefix) ? "./" + kept : kept;
}

std::string path_of(const Locator& file, const std::string& folder) {
    return file.text.starts_with('/') ? file.text : io::join_path(folder, file.text);
}

}  // namespace ft::counter
