// The counter that a NAME leads to, opened with all that it stands on.
//
//     OpenedCounter opened(env, disk, options.counter);
//     opened.counter().run(operations);
#pragma once

#include <memory>
#include <string>

#include "libcore/counter/counter.h"
#include "libcore/counter/machine.h"
#include "libcore/shm/group.h"
#include "libcore/ui/env.h"
#include "tools/common/counting.h"

namespace ft::tools {

/// Where names without a slash are: FT_COUNTERS, else $XDG_STATE_HOME/ft/counters, else ~/.local/state/ft/counters.
[[nodiscard]] std::string counters_folder();
/// The path that a NAME stands for. fails  Exit::usage where it cannot be one.
[[nodiscard]] std::string counter_path(const std::string& name);
/// The path in full, as seen from the current folder.
[[nodiscard]] std::string absolute(const std::string& path);
[[nodiscard]] counter::Machine::Locate locate_on(Disk& disk);
[[nodiscard]] counter::Patience patience_of(const ui::Env& env);

/// What a name leads to, and the folder that it lies in.
struct NamedPlace {
    io::Located place;
    counter::Named named;
};
/// fails  where there is no such counter.
[[nodiscard]] NamedPlace look_up(Disk& disk, const std::string& name);

/// One that is kept in replicas.
class OpenedCounter final : public Counting {
public:
    /// fails  where there is no such counter, or it is in shared memory.
    OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options);
    OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options, NamedPlace named);

    [[nodiscard]] std::vector<counter::Outcome> run(std::span<const counter::Operation> operations) override {
        return group_->run(operations);
    }
    void release() override { group_->release(); }
    [[nodiscard]] bool has_turn() const override { return group_->has_turn(); }
    [[nodiscard]] bool may_have_company() override { return group_->may_have_company(); }
    [[nodiscard]] bool serve() override { return group_->has_company() && group_->serve(); }
    void settle() override { release(); }
    [[nodiscard]] bool is_exact() const override { return true; }
    [[nodiscard]] counter::Head head() override { return group_->head(); }
    [[nodiscard]] std::string_view durability() override { return group_->is_durable() ? "disk" : "memory"; }
    [[nodiscard]] Exit warn_of_absent() override;

    [[nodiscard]] counter::Counter& counter() { return *counter_; }
    [[nodiscard]] counter::Machine& machine() { return *machine_; }
    [[nodiscard]] const std::string& name() const { return options_.name; }
    /// Writes the members where the name is a descriptor that does not name them.
    void update_name();
    /// Removes the name itself, where it is not a replica.
    void remove_name();

private:
    /// What did not take part in the last run, in words; empty: nothing.
    [[nodiscard]] std::string absent_replicas() const;

    ui::Env& env_;
    CounterOptions options_;
    io::Located place_;
    counter::Named named_;
    std::unique_ptr<counter::Machine> machine_;
    std::unique_ptr<counter::Counter> counter_;
    std::unique_ptr<shm::Group> group_;
    bool warned_ = false;
};

}  // namespace ft::tools
