// A counter of whatever kind, as the commands see it that count.
//
//     const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
//     counting->run(operations);
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libcore/counter/ledger.h"
#include "libcore/ui/env.h"
#include "libcore/ui/flags.h"
#include "tools/common/disk.h"

namespace ft::tools {

struct CounterOptions {
    std::string name;
    bool strict = false;
};

/// NAME.
void declare_name(ui::Flags& flags, CounterOptions& options);
/// NAME and --strict.
void declare_counter(ui::Flags& flags, CounterOptions& options);

class Counting {
public:
    virtual ~Counting() = default;
    /// Does them in order (counter/counter.h).
    [[nodiscard]] virtual std::vector<counter::Outcome> run(std::span<const counter::Operation> operations) = 0;
    /// Lets other processes in, which wait until then.
    virtual void release() = 0;
    /// Whether others wait until release().
    [[nodiscard]] virtual bool has_turn() const = 0;
    /// Whether others may have left something to do, which serve() would find.
    [[nodiscard]] virtual bool may_have_company() = 0;
    /// Until release(): does what others have left. false: there is nothing.
    [[nodiscard]] virtual bool serve() = 0;
    /// Before the program ends: what can be made durable is.
    virtual void settle() = 0;
    /// Whether each add has its own answer; else neither keys nor next make sense.
    [[nodiscard]] virtual bool is_exact() const = 0;
    /// As of the last run().
    [[nodiscard]] virtual counter::Head head() = 0;
    /// What an answer survives: "disk", or "memory".
    [[nodiscard]] virtual std::string_view durability() = 0;
    /// Names what did not take part, once. returns  done, or with --strict incomplete.
    [[nodiscard]] virtual Exit warn_of_absent() = 0;
};

/// fails  where there is no such counter.
[[nodiscard]] std::unique_ptr<Counting> open_counting(ui::Env& env, Disk& disk, const CounterOptions& options);

}  // namespace ft::tools
