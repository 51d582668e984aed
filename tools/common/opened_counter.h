// The counter that a NAME leads to, opened with all that it stands on.
//
//     OpenedCounter opened(env, disk, options.counter);
//     opened.counter().run(operations);
#pragma once

#include <memory>
#include <string>

#include "libcore/counter/named_counter.h"
#include "libcore/shm/group.h"
#include "libcore/ui/env.h"
#include "tools/common/counting.h"

namespace ft::tools {

[[nodiscard]] counter::Machine::Locate locate_on(Disk& disk);
[[nodiscard]] counter::Patience patience_of(const ui::Env& env);

/// fails  where there is no such counter.
[[nodiscard]] counter::NamedPlace look_up(Disk& disk, const std::string& name);

/// One that is kept in replicas.
class OpenedCounter final : public Counting {
public:
    /// fails  where there is no such counter, or it is in shared memory.
    OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options);
    OpenedCounter(ui::Env& env, Disk& disk, const CounterOptions& options, counter::NamedPlace place);

    [[nodiscard]] std::vector<counter::Outcome> run(std::span<const counter::Operation> operations) override {
        return group_.run(operations);
    }
    void release() override { group_.release(); }
    [[nodiscard]] bool has_turn() const override { return group_.has_turn(); }
    [[nodiscard]] bool may_have_company() override { return group_.may_have_company(); }
    [[nodiscard]] bool serve() override { return group_.has_company() && group_.serve(); }
    void settle() override { release(); }
    [[nodiscard]] bool is_exact() const override { return true; }
    [[nodiscard]] counter::Head head() override { return group_.head(); }
    [[nodiscard]] std::string_view durability() override { return group_.is_durable() ? "disk" : "memory"; }
    [[nodiscard]] Exit warn_of_absent() override;

    [[nodiscard]] counter::Counter& counter() { return opened_.counter(); }
    [[nodiscard]] counter::Machine& machine() { return opened_.machine(); }
    [[nodiscard]] const std::string& name() const { return options_.name; }
    /// Writes the members where the name is a descriptor that does not name them.
    void update_name();
    /// Removes the name itself, where it is not a replica.
    void remove_name();

private:
    /// What did not take part in the last run, in words; empty: nothing.
    [[nodiscard]] std::string absent_replicas();

    ui::Env& env_;
    CounterOptions options_;
    counter::NamedPlace place_;
    counter::NamedCounter opened_;
    shm::Group group_;
    bool warned_ = false;
};

}  // namespace ft::tools
