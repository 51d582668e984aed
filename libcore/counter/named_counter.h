// From the name that a user types to a counter that can be worked on: where names are, what lies there, and a Counter
// with all that it stands on.
//
//     NamedPlace place = *find_place(locate(name_path(name)));
//     NamedCounter named(std::move(place), name, locate, clock, progress, {});
//     named.counter().run(operations);
#pragma once

#include <string>

#include "libcore/counter/counter.h"
#include "libcore/counter/machine.h"

namespace ft::counter {

/// Where names without a slash are: FT_COUNTERS, else $XDG_STATE_HOME/ft/counters, else ~/.local/state/ft/counters.
[[nodiscard]] std::string names_folder();
/// The path that a NAME stands for. fails  Exit::usage where it cannot be one.
[[nodiscard]] std::string name_path(const std::string& name);
[[nodiscard]] Failure no_such_counter(const std::string& path);

/// What a name leads to.
struct NamedPlace {
    io::Located at;
    Named named;
    std::string folder;  ///< that it lies in, in full
};
/// std::nullopt where there is no such counter.
[[nodiscard]] std::optional<NamedPlace> find_place(io::Located at, std::string folder);

/// One that is kept in replicas.
class NamedCounter {
public:
    /// What it does its work with.
    struct Tools {
        Machine::Locate locate;
        Clock& clock;
        const Progress& progress;
        Patience patience = {};
    };
    /// name   for messages.   fails  Exit::no where it is in shared memory.
    NamedCounter(const NamedPlace& place, const std::string& name, const Tools& tools);

    [[nodiscard]] Counter& counter() { return counter_; }
    [[nodiscard]] Machine& machine() { return machine_; }

private:
    Machine machine_;
    Counter counter_;
};

}  // namespace ft::counter
