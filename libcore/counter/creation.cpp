#include "libcore/counter/creation.h"

#include <fmt/format.h>

#include <utility>

#include "libcore/counter/counter.h"

namespace ft::counter {

namespace {

/// Locked, and still of that name; nullptr where another has it.
std::unique_ptr<io::File> locked(io::Dir& dir, const std::string& name, std::unique_ptr<io::File> file) {
    if (!file->try_lock(io::Lock::exclusive)) return nullptr;
    const std::optional<io::Stat> named = dir.stat(name);
    return named && named->ino == file->stat().ino ? std::move(file) : nullptr;
}

Failure left_behind(const std::string& what, const std::string& where, const std::string& why) {
    return Failure({.what = what,
                    .where = where,
                    .why = why,
                    .todo = "it is of a create that was killed: remove it and the hidden '.ft-create' file"});
}

}  // namespace

Plan::Plan(io::Dir& dir, std::string name) : dir_(dir), name_(std::move(name)), hidden_("." + name_ + ".ft-create") {
    std::unique_ptr<io::File> found = dir_.find_file(hidden_, io::Access::read_write);
    if (!found) return;
    file_ = locked(dir_, hidden_, std::move(found));
    if (!file_) throw busy();
    left_ = ft::text_of(io::read_whole(*file_, longest_descriptor));
}

Failure Plan::busy() const {
    return Failure({.what = "cannot create the counter",
                    .where = io::join_path(dir_.path(), name_),
                    .why = "another process is creating it",
                    .todo = "try again",
                    .exit = Exit::busy});
}

void Plan::forget() {
    (void)dir_.remove_file(hidden_);
    dir_.sync();
    file_.reset();
    left_.reset();
}

void Plan::write(const std::string& text) {
    const std::string fresh = "." + name_ + ".ft-new";
    (void)dir_.create_file(fresh, 0644);
    std::unique_ptr<io::File> file = dir_.find_file(fresh, io::Access::read_write);
    if (file) file = locked(dir_, fresh, std::move(file));
    if (!file) throw busy();
    file->set_size(0);
    file->write_at(view_of(text), 0);
    file->sync();
    if (!dir_.rename_new(fresh, dir_, hidden_)) throw busy();
    dir_.sync();
    file_ = std::move(file);
}

void Plan::publish() {
    if (!dir_.rename_new(hidden_, dir_, name_))
        throw Failure({.what = "cannot create the counter",
                       .where = io::join_path(dir_.path(), name_),
                       .why = "it exists",
                       .todo = "choose another name"});
    dir_.sync();
    file_.reset();
}

void create_named(Plan& plan, Wiring& wiring, Clock& clock, const NewCounter& wanted, const Patience& patience) {
    create(wiring, clock, wanted.identity, wanted.first, patience, [&] { plan.write(text_of(wanted.descriptor)); });
    plan.publish();
}

void remove_unfinished(Wiring& wiring, Clock& clock, const Descriptor& plan, const Patience& patience) {
    Seats seats(wiring, clock, patience);
    const Charter charter{.members = plan.replicas};
    const auto never = [] { return false; };
    seats.add(charter);
    seats.lock(charter);
    seats.ask([](const Heard&) { return Request{.kind = Request::Kind::look}; }, never);
    for (const Member& member : plan.replicas)
        if (const Reply& reply = seats.find(member.replica)->reply;
            reply.is_sound() && reply.standing->version.sequence > 0)
            throw left_behind("a counter of this name was begun, and counted on", member.locator, "it is in use");
    seats.ask(
        [](const Heard& one) -> std::optional<Request> {
            if (!one.reply.is_sound()) return std::nullopt;
            return Request{.kind = Request::Kind::remove, .header = Header{.replica = one.member}};
        },
        never);
    for (const Member& member : plan.replicas) {
        const Reply& reply = seats.find(member.replica)->reply;
        const bool is_out_of_reach = reply.is_sound() || reply.kind == Reply::Kind::busy ||
                                     reply.kind == Reply::Kind::unreachable || reply.kind == Reply::Kind::failed;
        if (is_out_of_reach) throw left_behind("cannot remove a replica", member.locator, reply.why);
    }
}

}  // namespace ft::counter
