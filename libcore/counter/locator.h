// Where a replica is, in words: "disk2/jobs", "/srv/jobs", "shm:/jobs", "pipe:ssh host ftcounter agent /srv/jobs".
//
// A relative path is relative to the folder of the counter's name, so that a folder with all of it can be moved.
#pragma once

#include <string>
#include <string_view>

#include "libcore/counter/state.h"

namespace ft::counter {

struct Locator {
    enum class Kind : std::uint8_t { file, command };
    Kind kind = Kind::file;
    std::string text;  ///< a path, or a command for the shell
};

/// fails  Exit::usage: empty, too long, or an shm name that is none.
[[nodiscard]] Locator parse_locator(std::string_view words);
/// A locator as it is kept: a path below `folder` relative to it, any other path absolute.
///
/// folder, here  absolute; what is relative in `words` is relative to `here`.
[[nodiscard]] std::string kept_locator(std::string_view words, const std::string& folder, const std::string& here);
/// The path of a file's locator, given the folder that relative ones are relative to.
[[nodiscard]] std::string path_of(const Locator& file, const std::string& folder);
/// Without ".", "..", and doubled slashes, by the text alone.
[[nodiscard]] std::string plain_path(std::string_view path);

}  // namespace ft::counter
