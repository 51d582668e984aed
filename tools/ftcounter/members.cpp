// replicate, demote and repair: who keeps the counter.
#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/text.h"
#include "libcore/counter/locator.h"
#include "libcore/counter/replica_file.h"
#include "tools/common/opened_counter.h"
#include "tools/ftcounter/amount.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

using counter::Member;

struct MemberOptions {
    CounterOptions counter;
    std::string where;
    bool force = false;
};

void declare_replicate(ui::Flags& flags, MemberOptions& options) {
    declare_counter(flags, options.counter);
    flags.positional("WHERE", options.where, "a path, shm:/NAME or 'pipe:COMMAND'");
}

/// Looks at all replicas. fails  where none is sound.
void need_sound(OpenedCounter& opened) {
    const counter::Operation get{.kind = counter::Operation::Kind::get};
    (void)opened.counter().run({&get, 1});
}

void refuse_twice(OpenedCounter& opened, const Member& wanted) {
    for (const Member& member : opened.counter().charter().members)
        if (opened.machine().place(member) == opened.machine().place(wanted))
            throw Failure({.what = "cannot replicate",
                           .where = printable(wanted.locator),
                           .why = "it is a replica already",
                           .todo = "nothing changed",
                           .exit = Exit::no});
}

/// The replica that is to be there: the one that a killed command has left there, else a new one.
Uuid replica_for(ui::Env& env, Disk& disk, OpenedCounter& opened, const std::string& locator) {
    const counter::Locator where = counter::parse_locator(locator);
    if (where.kind == counter::Locator::Kind::file) {
        const io::Located place = disk.locate(counter::path_of(where, opened.machine().folder()));
        const std::unique_ptr<io::File> file = place.dir->find_file(place.name, io::Access::read);
        const std::optional<counter::Header> found = file ? counter::header_of(*file) : std::nullopt;
        if (found && found->identity.counter == opened.counter().identity().counter) return found->replica;
    }
    return env.clock().random_uuid();
}

Exit run_replicate(ui::Env& env, const MemberOptions& options) {
    Disk disk;
    OpenedCounter opened(env, disk, options.counter);
    need_sound(opened);  // the members tell what their paths are relative to
    Member member{{}, counter::kept_locator(options.where, absolute(opened.machine().folder()), absolute("."))};
    refuse_twice(opened, member);
    member.replica = replica_for(env, disk, opened, member.locator);
    // Paths are relative to the folder that holds all of them; where there is no such folder they are written in full.
    const bool elsewhere = counter::parse_locator(member.locator).text.starts_with('/');
    opened.counter().replicate(
        member, [&](const Member& other) { return elsewhere ? opened.machine().place(other) : other.locator; });
    env.did(fmt::format("replicated {} to {}", options.counter.name, options.where));
    opened.update_name();
    const Exit exit = opened.warn_of_absent();
    env.summary("", ui::Answer()
                        .text("counter", options.counter.name)
                        .text("replica", member.locator)
                        .number("replicas", opened.counter().charter().members.size()));
    return exit;
}

void declare_demote(ui::Flags& flags, MemberOptions& options) {
    declare_counter(flags, options.counter);
    flags.positional("WHERE", options.where, "as 'ftcounter status' shows it");
    flags.toggle("--force", options.force, "where no majority is left: go by what remains, which may be less");
}

/// The member that the user means.
const Member& chosen(OpenedCounter& opened, const std::string& where) {
    const std::vector<Member>& members = opened.counter().charter().members;
    const auto found = std::find_if(members.begin(), members.end(), [&](const Member& one) {
        return opened.machine().locator(one) == where || one.locator == where ||
               absolute(opened.machine().place(one)) == absolute(where);
    });
    if (found != members.end()) return *found;
    throw Failure({.what = "no such replica",
                   .where = printable(where),
                   .why = fmt::format("{} has none there", opened.name()),
                   .todo = fmt::format("'ftcounter status {}' shows them; nothing changed", opened.name())});
}

Exit run_demote(ui::Env& env, const MemberOptions& options) {
    Disk disk;
    OpenedCounter opened(env, disk, options.counter);
    opened.counter().inspect();
    const Member member = chosen(opened, options.where);
    const bool gone = opened.counter().demote(member.replica, options.force);
    env.did(fmt::format("demoted {}", options.where));
    opened.update_name();
    if (!gone) env.warn(fmt::format("{} is no replica any more; it could not be removed there", options.where));
    const Exit exit = opened.warn_of_absent();
    env.summary("", ui::Answer()
                        .text("counter", options.counter.name)
                        .text("replica", member.locator)
                        .flag("removed", gone)
                        .number("replicas", opened.counter().charter().members.size()));
    return exit;
}

struct RepairOptions {
    CounterOptions counter;
};

void declare_repair(ui::Flags& flags, RepairOptions& options) { declare_name(flags, options.counter); }

Exit run_repair(ui::Env& env, const RepairOptions& options) {
    Disk disk;
    OpenedCounter opened(env, disk, options.counter);
    std::size_t made = 0, left = 0;
    for (const counter::Repaired& one : opened.counter().repair()) {
        const std::string where = opened.machine().locator(one.member);
        const std::string_view state = one.was_sound ? "sound" : one.is_sound ? "repaired" : "not repaired";
        if (!one.was_sound) ++(one.is_sound ? made : left);
        env.item(one.was_sound ? "" : fmt::format("{}: {}: {}", printable(where), state, one.why),
                 ui::Answer().text("replica", where).text("state", state).text("why", one.why));
    }
    if (left > 0) env.warn(fmt::format("{}: {} of its replicas could not be repaired", options.counter.name, left));
    if (made > 0) env.did(fmt::format("repaired {} of its replicas", made));
    env.summary(left == 0 && made == 0 ? "nothing to repair" : "",
                ui::Answer().text("counter", options.counter.name).number("repaired", made).number("damaged", left));
    return left == 0 ? Exit::done : Exit::incomplete;
}

}  // namespace

ui::Command add_replicate() {
    return ui::make_command<MemberOptions>(
        {.name = "replicate",
         .usage = {"NAME WHERE"},
         .purpose = "keep it in one more place",
         .examples = {{"ftcounter replicate jobs /disk2/jobs", "from now on a change is in both"}}},
        declare_replicate, run_replicate);
}

ui::Command add_demote() {
    return ui::make_command<MemberOptions>(
        {.name = "demote",
         .usage = {"NAME WHERE"},
         .purpose = "keep it there no longer",
         .examples = {{"ftcounter demote jobs /disk2/jobs", "and remove that file"}}},
        declare_demote, run_demote);
}

ui::Command add_repair() {
    return ui::make_command<RepairOptions>(
        {.name = "repair",
         .usage = {"NAME"},
         .purpose = "make damaged and missing replicas anew from a majority of sound ones",
         .examples = {{"ftcounter repair jobs", "after a disk was replaced"}}},
        declare_repair, run_repair);
}

}  // namespace ft::tools
