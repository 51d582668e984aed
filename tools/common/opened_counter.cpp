#include "tools/common/opened_counter.h"

#include <fmt/format.h>

#include <filesystem>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"

namespace ft::tools {

namespace {

Failure no_such_counter(const std::string& path) {
    return Failure({.what = "no such counter",
                    .where = path,
                    .why = "there is no such file",
                    .todo = "'ftcounter list' shows those there are, 'ftcounter create' makes one"});
}

io::Located place_of(Disk& disk, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    io::Located place{disk.find(folder), path.substr(slash == std::string::npos ? 0 : slash + 1)};
    if (!place.dir) throw no_such_counter(path);
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

std::string counters_folder() {
    if (const auto path = ui::Env::variable("FT_COUNTERS")) return *path;
    if (const auto state = ui::Env::variable("XDG_STATE_HOME")) return *state + "/ft/counters";
    if (const auto home = ui::Env::variable("HOME")) return *home + "/.local/state/ft/counters";
    throw ui::usage_failure("no place for counters is named", "", "HOME is not set",
                            "name one with FT_COUNTERS, or give a path");
}

std::string counter_path(const std::string& name) {
    const std::string last = name.substr(name.rfind('/') + 1);
    if (!io::is_name(last) || last.starts_with('.') || last.find('\n') != std::string::npos)
        throw ui::usage_failure("not a counter's name", printable(name), "",
                                "use a file's name that begins with no dot");
    return name.find('/') == std::string::npos ? io::join_path(counters_folder(), name) : name;
}

std::string absolute(const std::string& path) {
    std::error_code error;
    std::filesystem::path full = std::filesystem::absolute(path, error);
    if (error) throw system_failure("cannot tell the current folder", path, error.value());
    return full.lexically_normal().string();
}

counter::Machine::Locate locate_on(Disk& disk) {
    return [&disk](const std::string& path) { return disk.locate(path); };
}

counter::Patience patience_of(const ui::Env& env) {
    counter::Patience patience;
    if (env.common().lock_wait.count() > 0) patience.lock = env.common().lock_wait;
    return patience;
}

NamedPlace look_up(Disk& disk, const std::string& name) {
    const std::string path = counter_path(name);
    io::Located place = place_of(disk, path);
    std::optional<counter::Named> named = counter::look_up(*place.dir, place.name);
    if (!named) throw no_such_counter(path);
    return {std::move(place), std::move(*named)};
}

OpenedCounter::OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options)
    : OpenedCounter(env, disk, options, look_up(disk, options.name)) {}

OpenedCounter::OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options, NamedPlace named)
    : env_(env), options_(options), place_(std::move(named.place)), named_(std::move(named.named)) {
    if (named_.descriptor.shared)
        throw Failure({.what = "it has no replicas",
                       .where = options.name,
                       .why = fmt::format("it is in shared memory, {}", named_.descriptor.shared->segment),
                       .todo = "make one with 'ftcounter create --replica'",
                       .exit = Exit::no});
    machine_ = std::make_unique<counter::Machine>(
        locate_on(disk), env.clock(), env.progress(),
        counter::Machine::Hints{.descriptor = named_.descriptor,
                                .folder = absolute(place_.dir->path()),
                                .is_replica = named_.kind == counter::Named::Kind::replica});
    const counter::Charter hint{.epoch = 0, .members = named_.descriptor.replicas, .former = {}};
    counter_ = std::make_unique<counter::Counter>(*machine_, env.clock(), options.name, hint, patience_of(env));
    group_ = std::make_unique<shm::Group>(*counter_, env.clock(), env.progress(), patience_of(env), options.name);
}

Exit OpenedCounter::warn_of_absent() {
    const std::string names = absent_replicas();
    if (names.empty()) return Exit::done;
    if (!std::exchange(warned_, true))
        env_.warn(fmt::format("{}: without {}; see 'ftcounter status'", options_.name, names));
    return options_.strict ? Exit::incomplete : Exit::done;
}

std::string OpenedCounter::absent_replicas() const {
    if (const std::optional<shm::Queue::Answer>& served = group_->served())  // whoever did it has not said which
        return served->absent == 0 ? "" : fmt::format("{} of its replicas", served->absent);
    std::string names;
    for (const counter::Absent& one : counter_->absent())
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", printable(machine_->locator(one.member)), one.why);
    return names;
}

void OpenedCounter::update_name() {
    if (named_.kind != counter::Named::Kind::descriptor) return;
    counter::Descriptor now;
    for (const counter::Member& member : counter_->charter().members)
        now.replicas.push_back({member.replica, machine_->locator(member)});
    if (now == named_.descriptor) return;
    counter::put_descriptor(*place_.dir, place_.name, now);
    named_.descriptor = std::move(now);
}

void OpenedCounter::remove_name() {
    if (named_.kind != counter::Named::Kind::descriptor) return;
    place_.dir->remove_file(place_.name);
    place_.dir->sync();
}

}  // namespace ft::tools
