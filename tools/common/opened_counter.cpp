#include "tools/common/opened_counter.h"

#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"

namespace ft::tools {

namespace {

io::Located place_of(Disk& disk, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    io::Located place{disk.find(folder), path.substr(slash == std::string::npos ? 0 : slash + 1)};
    if (!place.dir) throw counter::no_such_counter(path);
    return place;
}

}  // namespace

void declare_name(ui::Flags& flags, CounterOptions& options) {
    flags.positional("NAME", options.name, "a counter's name, or a path to it or to one of its replicas");
}

void declare_counter(ui::Flags& flags, CounterOptions& options) {
    declare_name(flags, options);
    flags.toggle("--strict", options.strict, "exit 3 where a replica did not take part (else a warning)");
}

counter::Machine::Locate locate_on(Disk& disk) {
    return [&disk](const std::string& path) { return disk.locate(path); };
}

counter::Patience patience_of(const ui::Env& env) {
    counter::Patience patience;
    if (env.common().lock_wait.count() > 0) patience.lock = env.common().lock_wait;
    return patience;
}

counter::NamedPlace look_up(Disk& disk, const std::string& name) {
    const std::string path = counter::name_path(name);
    io::Located at = place_of(disk, path);
    std::string folder = absolute(at.dir->path());
    std::optional<counter::NamedPlace> place = counter::find_place(std::move(at), std::move(folder));
    if (!place) throw counter::no_such_counter(path);
    return *std::move(place);
}

OpenedCounter::OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options)
    : OpenedCounter(env, disk, options, look_up(disk, options.name)) {}

OpenedCounter::OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options, counter::NamedPlace place)
    : env_(env),
      options_(options),
      place_(std::move(place)),
      opened_(
          place_, options.name,
          {.locate = locate_on(disk), .clock = env.clock(), .progress = env.progress(), .patience = patience_of(env)}),
      group_(opened_.counter(), env.clock(), env.progress(), patience_of(env), options.name) {}

Exit OpenedCounter::warn_of_absent() {
    const std::string names = absent_replicas();
    if (names.empty()) return Exit::done;
    if (!std::exchange(warned_, true))
        env_.warn(fmt::format("{}: without {}; see 'ftcounter status'", options_.name, names));
    return options_.strict ? Exit::incomplete : Exit::done;
}

std::string OpenedCounter::absent_replicas() {
    if (const std::optional<shm::Queue::Answer>& served = group_.served())  // whoever did it has not said which
        return served->absent == 0 ? "" : fmt::format("{} of its replicas", served->absent);
    std::string names;
    for (const counter::Absent& one : opened_.counter().absent())
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", printable(opened_.machine().locator(one.member)),
                             one.why);
    return names;
}

void OpenedCounter::update_name() {
    if (place_.named.kind != counter::Named::Kind::descriptor) return;
    counter::Descriptor now;
    for (const counter::Member& member : counter().charter().members)
        now.replicas.push_back({member.replica, machine().locator(member)});
    if (now == place_.named.descriptor) return;
    counter::put_descriptor(*place_.at.dir, place_.at.name, now);
    place_.named.descriptor = std::move(now);
}

void OpenedCounter::remove_name() {
    if (place_.named.kind != counter::Named::Kind::descriptor) return;
    place_.at.dir->remove_file(place_.at.name);
    place_.at.dir->sync();
}

}  // namespace ft::tools
