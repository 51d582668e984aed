// "ckpt:NAME=PATH": everything of PATH is saved at prepare, durably, and kept pending under the branch's id; commit
// makes it the next checkpoint of NAME, which carries that id, so that a commit that is asked for again finds it.
#include <filesystem>

#include "libcore/base/failure.h"
#include "libcore/base/owners.h"
#include "libcore/base/parallel.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/own_store.h"
#include "libcore/ckpt/save.h"
#include "libcore/store/pending.h"
#include "libcore/twophase/interruption.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/replacement.h"

namespace ft::twophase {

namespace {

/// The store as one call opens it.
struct OpenStore {
    std::unique_ptr<store::Backend> backend;
    store::Store store;
};

struct What {
    std::string name, path, store, origin;
};

class Checkpoint final : public Participant {
public:
    Checkpoint(What what, std::string branch, const Surroundings& surroundings)
        : what_(std::move(what)), branch_(std::move(branch)), surroundings_(surroundings) {}

    Voted prepare() override;
    Settled commit(const std::string& token) override;
    Settled abort() override;
    void interrupt() override { progress_.stop = true; }

private:
    [[nodiscard]] ckpt::SaveReport save();
    [[nodiscard]] source::Source source() const;
    /// With the symbolic links on the way followed; nullptr where it is missing.
    [[nodiscard]] std::unique_ptr<io::Dir> find_folder(const std::string& path) const;
    /// The same, made durably with its ancestors where it is missing.
    [[nodiscard]] std::unique_ptr<io::Dir> make_folder(const std::string& path) const;
    [[nodiscard]] OpenStore open_or_create() const;
    /// std::nullopt where there is no store.
    [[nodiscard]] std::optional<OpenStore> find_store() const;

    What what_;
    std::string branch_;
    Surroundings surroundings_;
    Progress progress_;  // its stop is set from another thread
};

std::unique_ptr<io::Dir> Checkpoint::find_folder(const std::string& path) const {
    try {
        return surroundings_.locate(path + "/.").dir;
    } catch (const Failure& failure) {
        if (failure.error() != ENOENT && failure.error() != ENOTDIR) throw;
        return nullptr;
    }
}

std::unique_ptr<io::Dir> Checkpoint::make_folder(const std::string& path) const {
    if (std::unique_ptr<io::Dir> found = find_folder(path)) return found;
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) throw system_failure("cannot make", path, ENOENT);
    return io::ensure_dir(*make_folder(path.substr(0, slash)), path.substr(slash + 1));
}

OpenStore Checkpoint::open_or_create() const {
    std::unique_ptr<io::Dir> dir = find_folder(what_.store);
    if (!dir || !store::holds_store(*dir)) dir = make_folder(what_.store);
    auto backend = store::directory_backend(std::move(dir), surroundings_.clock);
    store::Store store = store::Store::open_or_create(*backend, surroundings_.clock);
    return {std::move(backend), std::move(store)};
}

std::optional<OpenStore> Checkpoint::find_store() const {
    std::unique_ptr<io::Dir> dir = find_folder(what_.store);
    if (!dir || !store::holds_store(*dir)) return std::nullopt;
    auto backend = store::directory_backend(std::move(dir), surroundings_.clock);
    store::Store store = store::Store::open(*backend, surroundings_.clock);
    return OpenStore{std::move(backend), std::move(store)};
}

source::Source Checkpoint::source() const {
    io::Located at = surroundings_.locate(what_.path);
    if (!at.dir->stat(at.name)) throw system_failure("cannot save", what_.path, ENOENT);
    source::Source source;
    source.origin = what_.origin;
    source.name = at.name;
    source.walk.threads = processors();
    if (const auto glob = ckpt::glob_of_store_in(what_.path, what_.store)) source.walk.excludes.push_back(*glob);
    source.parent = std::move(at.dir);
    return source;
}

ckpt::SaveReport Checkpoint::save() {
    std::vector<source::Source> sources;
    sources.push_back(source());
    OpenStore opened = open_or_create();
    const ckpt::SaveRequest request{.name = what_.name,
                                    .jobs = processors(),
                                    .host = host_name(),
                                    .command = what_.origin,
                                    .transaction = branch_,
                                    .user_name = user_name,
                                    .group_name = group_name};
    ckpt::SaveReport report = ckpt::save(sources, opened.store, request, surroundings_.clock, progress_);
    opened.store.leave();
    return report;
}

std::string why_incomplete(const ckpt::SaveReport& report) {
    for (const Note& note : report.notes)
        if (note.incomplete) return note.what + " " + printable(note.first) + (note.why.empty() ? "" : ": " + note.why);
    return "";
}

Voted Checkpoint::prepare() {
    const EndOfInterruption end(progress_);
    try {
        const ckpt::SaveReport report = save();
        if (!report.incomplete()) return {Vote::yes, "", ""};
        (void)abort();
        return {Vote::no, "", why_incomplete(report)};
    } catch (const Failure& failure) {  // what was kept before it failed goes; where that fails too, it may be there
        (void)abort();
        return {Vote::no, "", failure.what()};
    }
}

Settled Checkpoint::commit(const std::string&) {
    const EndOfInterruption end(progress_);
    std::optional<OpenStore> opened = find_store();
    if (!opened) return {Ack::unknown, what_.store + ": there is no store any more"};
    if (store::publish_pending(opened->store, branch_, what_.name)) return {Ack::done, ""};
    return {Ack::unknown, what_.store + ": no checkpoint of '" + what_.name + "' is of this transaction"};
}

Settled Checkpoint::abort() {
    if (std::optional<OpenStore> opened = find_store()) store::drop_pending(opened->store, branch_);
    return {Ack::done, ""};
}

Failure unclear(const std::string& text, std::string why) {
    return Failure({.what = "cannot understand 'ckpt:" + printable(text) + "'",
                    .why = std::move(why),
                    .todo = "give ckpt:NAME=PATH",
                    .exit = Exit::usage});
}

std::string without_end(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

Spec parse(const std::string& text, const std::string& folder) {
    const Assignment said = parse_assignment("ckpt", text);
    if (said.words.empty()) throw unclear(text, "there is nothing to save");
    if (!store::is_valid_name(said.destination))
        throw unclear(text, "a name holds letters, digits, '.', '_' and '-', up to 200 bytes");
    return {.kind = "ckpt",
            .label = "ckpt:" + text,
            .fields = {{"name", said.destination},
                       {"path", absolute(said.words, folder)},
                       {"store", without_end(absolute(store::default_path(), folder))},
                       {"origin", said.words}}};
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    What what{.name = field_of(spec, "name"),
              .path = path_of(spec, "path"),
              .store = path_of(spec, "store"),
              .origin = field_of(spec, "origin")};
    if (!store::is_valid_name(what.name)) throw damage(spec.label, "its name is none of a checkpoint");
    return std::make_unique<Checkpoint>(std::move(what), branch.id(), surroundings);
}

}  // namespace

Kind ckpt_kind() { return {"ckpt", "ckpt:NAME=PATH", parse, make}; }

}  // namespace ft::twophase
