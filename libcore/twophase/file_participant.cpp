// "file:DEST=NEW" and "file:DEST=". What replaces DEST is a copy that is made at prepare, so that later changes of NEW
// are none of the transaction's.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "libcore/base/failure.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/replacement.h"

namespace ft::twophase {

namespace {

constexpr std::size_t copied_at_once = 1U << 20;   // bytes
constexpr std::uint64_t least_shared = 64U << 10;  // bytes: less is copied sooner than blocks are shared
constexpr int most_links = 40;                     // as the kernel follows

/// The file that `path` leads to, links followed.
std::unique_ptr<io::File> open_new(const Surroundings& surroundings, std::string path) {
    for (int links = 0; links < most_links; ++links) {
        const io::Located at = surroundings.locate(path);
        const std::optional<io::Stat> stat = at.name == "." ? std::nullopt : at.dir->stat(at.name);
        if (!stat || stat->kind != io::Kind::symlink) return io::open_file(*at.dir, at.name);
        path = absolute(at.dir->read_symlink(at.name), path.substr(0, path.rfind('/') + 1));
    }
    throw system_failure("cannot open", path, ELOOP);
}

void copy_bytes(io::File& from, io::File& to, const std::function<void()>& check) {
    Scratch scratch;
    for (std::optional<io::Extent> data = from.next_data(0); data; data = from.next_data(data->end))
        while (data->start < data->end) {
            check();
            const std::uint64_t part = std::min<std::uint64_t>(copied_at_once, data->end - data->start);
            const std::span<std::byte> room = scratch.first(static_cast<std::size_t>(part));
            const std::size_t got = from.read_at(room, data->start);
            if (got == 0) return;  // it was cut short meanwhile
            to.write_at(room.first(got), data->start);
            data->start += got;
        }
}

/// A copy of what `from` holds, at one moment.
void copy(io::File& from, io::File& to, const std::function<void()>& check) {
    const io::Stat before = from.stat();
    if (before.size < least_shared || !to.clone_from(from)) {
        copy_bytes(from, to, check);
        to.set_size(before.size);
    }
    const io::Stat after = from.stat();
    if (after.size != before.size || after.mtime != before.mtime || after.ctime != before.ctime)
        throw Failure({.what = "cannot copy", .where = from.path(), .why = "it changed while it was read"});
}

void keep_xattrs(const std::vector<io::Xattr>& kept, io::File& file) {
    const std::vector<io::Xattr> given = file.xattrs();
    for (const io::Xattr& xattr : given) {  // what the directory hands down
        const auto same_name = [&](const io::Xattr& other) { return other.name == xattr.name; };
        if (std::none_of(kept.begin(), kept.end(), same_name)) file.remove_xattr(xattr.name);
    }
    for (const io::Xattr& xattr : kept)
        if (std::find(given.begin(), given.end(), xattr) == given.end()) file.set_xattr(xattr);
}

/// Owner, attributes and mode of the file that is replaced. In this order: a new owner clears set-id bits, an access
/// list changes the mode.
void keep_attributes(io::Dir& dir, const std::string& name, io::File& file) {
    const std::unique_ptr<io::File> replaced = io::open_file(dir, name);
    const io::Stat kept = replaced->stat(), given = file.stat();
    if (kept.uid != given.uid || kept.gid != given.gid) file.set_owner(kept.uid, kept.gid);
    keep_xattrs(replaced->xattrs(), file);
    file.set_mode(kept.mode);
}

Content stage_copy(const Surroundings& surroundings, const std::string& path, const Stage& stage) {
    if (stage.old.kind == Content::Kind::link)
        throw Failure({.what = "cannot replace",
                       .where = io::join_path(stage.dir.path(), stage.name),
                       .why = "it is a symbolic link that leads nowhere, or became one since it was named"});
    const std::unique_ptr<io::File> from = open_new(surroundings, path);
    const bool replaces = stage.old.kind != Content::Kind::absent;
    const std::unique_ptr<io::File> to =
        stage.dir.create_file(stage.staged, replaces ? 0600 : from->stat().mode & 0777);
    if (!to) throw system_failure("cannot create", io::join_path(stage.dir.path(), stage.staged), EEXIST);
    copy(*from, *to, stage.check);
    if (replaces) keep_attributes(stage.dir, stage.name, *to);
    to->sync();
    return {Content::Kind::file, digest_of_file(*to, stage.check)};
}

/// Where links lead now: it has to stay the same place until the transaction has ended.
std::string followed(const std::string& path) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
    if (error) throw system_failure("cannot use", path, error.value());
    return real.string();
}

Spec parse(const std::string& text, const std::string& folder) {
    const Assignment said = parse_assignment("file", text);
    Spec spec{.kind = "file", .label = "file:" + said.destination, .fields = {}};
    spec.fields["dest"] = followed(absolute(said.destination, folder));
    if (!said.words.empty()) spec.fields["new"] = absolute(said.words, folder);
    return spec;
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    Replacing replacing{.path = path_of(spec, "dest"), .stage = {}};
    if (spec.fields.contains("new"))
        replacing.stage = [surroundings, path = path_of(spec, "new")](const Stage& stage) {
            return stage_copy(surroundings, path, stage);
        };
    return replacement(std::move(replacing), branch, surroundings);
}

}  // namespace

Kind file_kind() { return {"file", "file:DEST=NEW", parse, make}; }

}  // namespace ft::twophase
