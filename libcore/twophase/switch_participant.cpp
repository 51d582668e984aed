// "switch:LINK=GENERATION": readers see all of the old generation or all of the new one, since one rename changes where
// LINK leads.
#include <cerrno>

#include "libcore/base/failure.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/replacement.h"

namespace ft::twophase {

namespace {

/// Everything below the generation was perhaps written a moment ago.
void make_durable(const Surroundings& surroundings, const std::string& generation) {
    const io::Located at = surroundings.locate(generation);
    io::open_dir(*at.dir, at.name)->sync_file_system();
}

Content stage_link(const Surroundings& surroundings, const Spec& spec, const Stage& stage) {
    if (stage.old.kind == Content::Kind::file)
        throw Failure({.what = "cannot switch", .where = path_of(spec, "link"), .why = "it is no symbolic link"});
    make_durable(surroundings, path_of(spec, "generation"));
    const std::string& target = field_of(spec, "target");
    if (!stage.dir.make_symlink(stage.staged, target))
        throw system_failure("cannot create", io::join_path(stage.dir.path(), stage.staged), EEXIST);
    return {Content::Kind::link, digest_of(view_of(target))};
}

Spec parse(const std::string& text, const std::string& folder) {
    const Assignment said = parse_assignment("switch", text);
    if (said.words.empty())
        throw Failure({.what = "cannot understand 'switch:" + text + "'",
                       .why = "there is no directory after '='",
                       .todo = "see ft2pc(1), PARTICIPANTS",
                       .exit = Exit::usage});
    Spec spec{.kind = "switch", .label = "switch:" + said.destination, .fields = {}};
    const std::string link = absolute(said.destination, folder);
    spec.fields["link"] = link;
    spec.fields["target"] = said.words;
    spec.fields["generation"] = absolute(said.words, link.substr(0, link.rfind('/') + 1));
    return spec;
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    const auto make_link = [surroundings, spec](const Stage& stage) { return stage_link(surroundings, spec, stage); };
    return replacement({.path = path_of(spec, "link"), .stage = make_link}, branch, surroundings);
}

}  // namespace

Kind switch_kind() { return {"switch", "switch:LINK=GENERATION", parse, make}; }

}  // namespace ft::twophase
