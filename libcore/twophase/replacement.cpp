#include "libcore/twophase/replacement.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

class Replacement final : public Participant {
public:
    Replacement(Replacing replacing, std::string branch, const Surroundings& surroundings)
        : replacing_(std::move(replacing)), branch_(std::move(branch)), surroundings_(surroundings) {}

    Voted prepare() override;
    Settled commit(const std::string& token) override;
    Settled abort() override;
    /// What is left of a branch that could not be committed: a person has seen to it.
    Settled forget() override { return abort(); }
    void interrupt() override { interrupted_ = true; }

private:
    [[nodiscard]] io::Located locate() const { return surroundings_.locate(replacing_.path); }
    [[nodiscard]] std::string staged() const { return staged_name(branch_); }
    [[nodiscard]] bool is_ours(const std::optional<Claim>& claim) const { return claim && claim->branch == branch_; }
    [[nodiscard]] bool removes() const { return !replacing_.stage; }

    [[nodiscard]] Voted stage_and_claim(io::Located& at, const std::function<void()>& check);
    [[nodiscard]] Voted claimed_by(const io::Located& at, const Claim& other) const;
    void undo(io::Located& at);
    [[nodiscard]] Settled apply(io::Located& at, const Claim& claim);
    [[nodiscard]] bool put(io::Located& at, const Claim& claim);
    [[nodiscard]] std::function<void()> until(std::chrono::nanoseconds limit) const;
    [[nodiscard]] Settled broken(std::string why) const { return {Ack::broken, replacing_.path + ": " + why}; }

    Replacing replacing_;
    std::string branch_;
    Surroundings surroundings_;
    bool begun_ = false;  // something may have to be undone
    std::atomic<bool> interrupted_ = false;
};

/// Where it was prepared, and what the name is to mean: without a claim the one tells whether a later caller looks at
/// the same directory, and not at what an unmounted disk or a renamed folder leaves in its place; the other, whether it
/// has come about all the same.
std::string token_of(io::Dir& dir, const Content& next) {
    const io::Stat stat = dir.stat(".").value();
    return fmt::format("{:x} {:x} {} {}", stat.ino, stat.dev, static_cast<int>(next.kind), next.digest.hex());
}

bool has_come_about(const io::Located& at, const std::string& token) {
    const auto behind_inode = [](const std::string& text) { return text.substr(text.find(' ') + 1); };
    if (token.starts_with(fmt::format("{:x} ", at.dir->stat(".")->ino))) return true;
    return behind_inode(token) == behind_inode(token_of(*at.dir, content_of(*at.dir, at.name, [] {})));
}

/// Throws once it has taken longer than that.
std::function<void()> Replacement::until(std::chrono::nanoseconds limit) const {
    const std::chrono::nanoseconds end = surroundings_.clock.monotonic() + limit;
    return [this, end, limit] {
        if (interrupted_) throw Failure({.what = "stopped", .where = replacing_.path});
        if (surroundings_.clock.monotonic() > end)
            throw Failure({.what = "cannot prepare",
                           .where = replacing_.path,
                           .why = fmt::format("it takes longer than the {:g} s it may", seconds(limit))});
    };
}

Voted Replacement::prepare() {
    std::optional<io::Located> at;
    try {
        at = locate();
        if (const std::optional<Claim> other = find_claim(*at->dir, at->name)) return claimed_by(*at, *other);
        return stage_and_claim(*at, until(surroundings_.prepare_limit));
    } catch (const Failure& failure) {  // it becomes a vote, once nothing is left of what was begun
        if (begun_) undo(*at);
        return {.vote = Vote::no, .token = "", .why = failure.what()};
    }
}

/// fails  where it cannot be prepared; something may have been begun.
Voted Replacement::stage_and_claim(io::Located& at, const std::function<void()>& check) {
    const std::optional<io::Stat> before = at.dir->stat(at.name);
    if (removes() && !before) throw system_failure("cannot remove", replacing_.path, ENOENT);
    if (before && before->mount_point)
        throw Failure({.what = "cannot replace", .where = replacing_.path, .why = "something is mounted on it"});
    Claim claim{.branch = branch_, .name = at.name, .old = content_of(*at.dir, at.name, check), .next = {}};
    begun_ = true;
    if (!removes()) claim.next = replacing_.stage({*at.dir, staged(), at.name, claim.old, check});
    if (const std::optional<Claim> other = put_claim(*at.dir, claim)) {
        undo(at);
        return claimed_by(at, *other);
    }
    // Whoever committed between our look and our claim has put another object there.
    const std::optional<io::Stat> after = at.dir->stat(at.name);
    if (before.has_value() != after.has_value() || (before && before->ino != after->ino))
        throw Failure({.what = "cannot replace", .where = replacing_.path, .why = "it was replaced meanwhile"});
    at.dir->sync();
    return {.vote = Vote::yes, .token = token_of(*at.dir, claim.next), .why = ""};
}

Voted Replacement::claimed_by(const io::Located& at, const Claim& other) const {
    const std::string name = io::join_path(at.dir->path(), claim_name(at.name));
    if (other.branch == branch_) return {Vote::silent, "", name + ": it was prepared before"};
    return {Vote::no, "",
            fmt::format("{} is claimed by {}, which has not ended; if its coordinator is lost for good, remove {}",
                        replacing_.path, other.branch, name)};
}

/// Makes removals durable, where anything can be durable. Where nothing can, no branch was ever prepared.
void settle(io::Dir& dir) {
    try {
        dir.sync();
    } catch (const Failure& failure) {  // unreadable, or of a file system without this call
        if (failure.error() != EACCES && failure.error() != EINVAL) throw;
    }
}

/// Durable when it returns.
void Replacement::undo(io::Located& at) {
    at.dir->remove_file(staged());
    remove_unput_claim(*at.dir, branch_);
    if (is_ours(find_claim(*at.dir, at.name))) at.dir->remove_file(claim_name(at.name));
    settle(*at.dir);
}

Settled Replacement::abort() {
    try {
        io::Located at = locate();
        undo(at);
    } catch (const Failure& failure) {  // this participant's failure is its answer
        if (failure.exit() == Exit::damage) return broken(failure.what());
        if (failure.error() != ENOENT) return {Ack::again, failure.what()};  // ENOENT: with all that was in it
    }
    return {Ack::done, ""};
}

Settled Replacement::commit(const std::string& token) {
    io::Located at = locate();
    try {
        const std::optional<Claim> claim = find_claim(*at.dir, at.name);
        if (is_ours(claim)) return apply(at, *claim);
        if (!has_come_about(at, token))
            return {Ack::again,
                    at.dir->path() + " is not the directory that it was prepared in (is a disk not mounted?)"};
        at.dir->sync();  // one that was killed before this may have removed the claim
        return {Ack::done, ""};
    } catch (const Failure& failure) {  // this participant's failure is its answer
        if (failure.exit() != Exit::damage) return {Ack::again, failure.what()};
        return broken(failure.what());
    }
}

Settled Replacement::apply(io::Located& at, const Claim& claim) {
    const Content now = content_of(*at.dir, at.name, [] {});
    const bool staged_is_there = !removes() && at.dir->stat(staged()).has_value();
    if (staged_is_there || now != claim.next) {
        if (!removes() && !staged_is_there) return broken("what was to replace it, " + staged() + ", is gone");
        if (now != claim.old && now != claim.next)
            return broken("it was changed by others and is left as it is; what was to become of it is in " +
                          (removes() ? claim_name(at.name) : staged()));
        if (!put(at, claim)) return broken("others have made it just now");
    }
    at.dir->sync();  // before the claim goes: without it the change has to be seen as made
    at.dir->remove_file(claim_name(at.name));
    at.dir->sync();
    return {Ack::done, ""};
}

/// false where a name that was free is taken.
bool Replacement::put(io::Located& at, const Claim& claim) {
    if (!removes() && claim.old.kind == Content::Kind::absent) return at.dir->rename_new(staged(), *at.dir, at.name);
    if (removes())
        at.dir->remove_file(at.name);
    else
        at.dir->rename(staged(), *at.dir, at.name);
    return true;
}

}  // namespace

std::unique_ptr<Participant> replacement(Replacing replacing, const Branch& branch, const Surroundings& surroundings) {
    return std::make_unique<Replacement>(std::move(replacing), branch.id(), surroundings);
}

Assignment parse_assignment(std::string_view kind, std::string_view text) {
    Assignment assignment;
    std::size_t at = 0;
    for (; at < text.size() && text[at] != '='; ++at) {
        if (text.substr(at).starts_with("\\=")) ++at;
        assignment.destination += text[at];
    }
    if (at == text.size() || at == 0)
        throw Failure({.what = fmt::format("cannot understand '{}:{}'", kind, text),
                       .why = at == 0 ? "there is nothing before '='" : "it has no '='",
                       .todo = "see ft2pc(1), PARTICIPANTS",
                       .exit = Exit::usage});
    assignment.words = text.substr(at + 1);
    return assignment;
}

std::string absolute(const std::string& path, const std::string& folder) {
    return path.starts_with('/') ? path : io::join_path(folder, path);
}

const std::string& field_of(const Spec& spec, const std::string& name) {
    const auto found = spec.fields.find(name);
    if (found == spec.fields.end()) throw damage(spec.label, "its " + name + " is missing");
    return found->second;
}

const std::string& path_of(const Spec& spec, const std::string& name) {
    const std::string& path = field_of(spec, name);
    if (!path.starts_with('/')) throw damage(spec.label, "its " + name + " is no absolute path");
    return path;
}

}  // namespace ft::twophase
