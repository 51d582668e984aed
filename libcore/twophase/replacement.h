// The participant that changes what one name in a directory means: to another file, another link, or to nothing.
//
// prepare() stages the new object beside the name, durably, and claims the name (claim.h); commit() renames the one to
// the other, durably, then removes the claim; abort() removes both. What lies there is proof enough to go on with after
// any crash: a claim of this branch says that it is prepared, none (after the decision) that it has ended. Nothing is
// removed but what bears this branch's id, and a name that a stranger has changed meanwhile is left alone.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libcore/twophase/claim.h"
#include "libcore/twophase/participant.h"

namespace ft::twophase {

/// Where the new object is to be made, and beside what.
struct Stage {
    io::Dir& dir;
    std::string staged;           ///< the name to make it under; free
    std::string name;             ///< what it will replace
    const Content& old;           ///< what the name means now
    std::function<void()> check;  ///< to be called often: throws where time is up or the user wants to stop
};

struct Replacing {
    std::string path;  ///< absolute: the name
    /// Makes the new object, complete and durable but for its name, and says what it is. Empty: the name is removed.
    std::function<Content(const Stage& stage)> stage;
};

[[nodiscard]] std::unique_ptr<Participant> replacement(Replacing replacing, const Branch& branch,
                                                       const Surroundings& surroundings);

/// "DEST=WORDS" split at its first '='; "\=" stands for one that belongs to DEST.
struct Assignment {
    std::string destination, words;
};
/// kind  for the message. fails  Exit::usage where there is no '=', or nothing before it.
[[nodiscard]] Assignment parse_assignment(std::string_view kind, std::string_view text);
/// What `path` means in `folder`.
[[nodiscard]] std::string absolute(const std::string& path, const std::string& folder);
/// A field of a spec that a journal kept. fails  damage() where it is missing.
[[nodiscard]] const std::string& field_of(const Spec& spec, const std::string& name);
/// A field that is an absolute path. fails  damage().
[[nodiscard]] const std::string& path_of(const Spec& spec, const std::string& name);

}  // namespace ft::twophase
