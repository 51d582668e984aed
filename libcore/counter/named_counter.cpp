#include "libcore/counter/named_counter.h"

#include <fmt/format.h>

#include "libcore/base/environment.h"
#include "libcore/base/text.h"

namespace ft::counter {

namespace {

const Descriptor& replicas_of(const NamedPlace& place, const std::string& name) {
    if (!place.named.descriptor.shared) return place.named.descriptor;
    throw Failure({.what = "it has no replicas",
                   .where = name,
                   .why = fmt::format("it is in shared memory, {}", place.named.descriptor.shared->segment),
                   .todo = "make one with 'ftcounter create --replica'",
                   .exit = Exit::no});
}

}  // namespace

std::string names_folder() {
    return ft::path_of(StatePlace{.variable = "FT_COUNTERS",
                                  .folder = "counters",
                                  .what = "no place for counters is named",
                                  .todo = "name one with FT_COUNTERS, or give a path"});
}

std::string name_path(const std::string& name) {
    const std::string last = name.substr(name.rfind('/') + 1);
    if (!io::is_name(last) || last.starts_with('.') || last.find('\n') != std::string::npos)
        throw Failure({.what = "not a counter's name",
                       .where = printable(name),
                       .todo = "use a file's name that begins with no dot",
                       .exit = Exit::usage});
    return name.find('/') == std::string::npos ? io::join_path(names_folder(), name) : name;
}

Failure no_such_counter(const std::string& path) {
    return Failure({.what = "no such counter",
                    .where = path,
                    .why = "there is no such file",
                    .todo = "'ftcounter list' shows those there are, 'ftcounter create' makes one"});
}

std::optional<NamedPlace> find_place(io::Located at, std::string folder) {
    std::optional<Named> named = look_up(*at.dir, at.name);
    if (!named) return std::nullopt;
    return NamedPlace{std::move(at), std::move(*named), std::move(folder)};
}

NamedCounter::NamedCounter(const NamedPlace& place, const std::string& name, const Tools& tools)
    : machine_(tools.locate, tools.clock, tools.progress,
               {.descriptor = replicas_of(place, name),
                .folder = place.folder,
                .name = place.named.kind == Named::Kind::descriptor ? place.at.name : "",
                .is_replica = place.named.kind == Named::Kind::replica}),
      counter_(machine_, tools.clock, name,
               Charter{.epoch = 0, .members = place.named.descriptor.replicas, .former = {}}, tools.patience) {}

}  // namespace ft::counter
