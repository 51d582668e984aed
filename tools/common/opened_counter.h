// The counter that a NAME leads to, opened with all that it stands on.
//
//     OpenedCounter opened(env, disk, options.counter);
//     opened.counter().run(operations);
#pragma once

#include <memory>
#include <string>

#include "libcore/counter/counter.h"
#include "libcore/counter/machine.h"
#include "libcore/ui/env.h"
#include "libcore/ui/flags.h"
#include "tools/common/disk.h"

namespace ft::tools {

struct CounterOptions {
    std::string name;
    bool strict = false;
};

/// NAME and --strict.
void declare_counter(ui::Flags& flags, CounterOptions& options);

/// Where names without a slash are: FT_COUNTERS, else $XDG_STATE_HOME/ft/counters, else ~/.local/state/ft/counters.
[[nodiscard]] std::string counters_folder();
/// The path that a NAME stands for. fails  Exit::usage where it cannot be one.
[[nodiscard]] std::string counter_path(const std::string& name);
/// The path in full, as seen from the current folder.
[[nodiscard]] std::string absolute(const std::string& path);
[[nodiscard]] counter::Machine::Locate locate_on(Disk& disk);
[[nodiscard]] counter::Patience patience_of(const ui::Env& env);

class OpenedCounter {
public:
    /// fails  where there is no such counter.
    OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options);

    [[nodiscard]] counter::Counter& counter() { return *counter_; }
    [[nodiscard]] counter::Machine& machine() { return *machine_; }
    [[nodiscard]] const std::string& name() const { return options_.name; }
    /// Names the replicas that did not take part, once. returns  done, or with --strict incomplete.
    [[nodiscard]] Exit warn_of_absent();
    /// Writes the members where the name is a descriptor that does not name them.
    void update_name();
    [[nodiscard]] const counter::Named& named() const { return named_; }
    /// Removes the name itself, where it is not a replica.
    void remove_name();

private:
    ui::Env& env_;
    CounterOptions options_;
    io::Located place_;
    counter::Named named_;
    std::unique_ptr<counter::Machine> machine_;
    std::unique_ptr<counter::Counter> counter_;
    bool warned_ = false;
};

/// "disk" or "memory": what the answer survives.
[[nodiscard]] std::string_view durability_of(const counter::Counter& counter);

}  // namespace ft::tools
