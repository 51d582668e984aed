// A coordinator's directory as the commands of ft2pc open it, and what they say of a transaction.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/twophase/coordinator.h"
#include "libcore/twophase/home.h"
#include "libcore/twophase/recover.h"
#include "libcore/ui/env.h"
#include "libcore/ui/flags.h"
#include "tools/common/disk.h"

namespace ft::tools {

struct HomeOptions {
    std::optional<std::string> dir;
};
/// --dir.
void declare_home(ui::Flags& flags, HomeOptions& options);

struct PaceOptions {
    std::chrono::seconds prepare{30}, deliver{10};
    bool timing = false;
};
/// --prepare-wait, and as declare_delivery.
void declare_pace(ui::Flags& flags, PaceOptions& options);
/// --deliver-wait and --timing: for commands that prepare nothing.
void declare_delivery(ui::Flags& flags, PaceOptions& options);

class OpenedHome {
public:
    /// create  makes it where there is none; else a missing one has no transactions.
    OpenedHome(ui::Env& env, const HomeOptions& options, bool create);

    /// Null: no transaction was ever begun there.
    [[nodiscard]] twophase::Home* home() { return home_ ? &*home_ : nullptr; }
    [[nodiscard]] const std::string& path() const { return path_; }
    /// A transaction by its name, held. fails  Exit::no where there is none, Exit::busy where another works on it.
    ///
    /// patience  how long another may: recovery looks at each for a moment.
    [[nodiscard]] std::unique_ptr<twophase::Journal> hold(
        const std::string& name, std::chrono::nanoseconds patience = std::chrono::milliseconds(200));
    /// Without holding it. fails  as hold.
    [[nodiscard]] twophase::Story story(const std::string& name);
    using Verb = twophase::Report (twophase::Coordinator::*)();
    /// Does it to the transaction; one without participants is prepared as it is, and ends at once, as wanted.
    [[nodiscard]] twophase::Report conclude(twophase::Journal& journal, const PaceOptions& pace, Verb verb);
    [[nodiscard]] twophase::Coordinator coordinate(twophase::Journal& journal, const PaceOptions& pace);
    [[nodiscard]] twophase::Makers makers(const PaceOptions& pace);
    /// For commands that work on many transactions.
    void keep_connections() { kept_.emplace(); }
    [[nodiscard]] twophase::Places places(const PaceOptions& pace);

private:
    /// fails  where it is in one: Exit::busy, Exit::in_doubt.
    void check_not_in_ledger(std::uint64_t number, const std::string& name);
    [[nodiscard]] twophase::Surroundings surroundings(const PaceOptions& pace);
    ui::Env& env_;
    Disk disk_;
    std::string path_;
    std::optional<twophase::Home> home_;
    std::optional<twophase::Connections> kept_;
};

[[nodiscard]] std::string current_folder();
/// A file, or what a pipe gives (<(...) of a shell): at most 16 MiB.
[[nodiscard]] std::string read_text(ui::Env& env, const std::string& path);
/// Participants as the command line names them, with the files of --sql.
[[nodiscard]] std::vector<twophase::Spec> parse_participants(ui::Env& env, const std::vector<std::string>& words,
                                                             const std::vector<std::string>& sql_files);
void declare_sql(ui::Flags& flags, std::vector<std::string>& sql_files);
[[nodiscard]] twophase::Pace pace_of(const PaceOptions& options);
/// The number behind a transaction's name. fails  Exit::usage.
[[nodiscard]] std::uint64_t number_of(const std::string& name);
/// "committed", "aborted", "prepared", "in doubt", "committed, not yet everywhere", ...
[[nodiscard]] std::string outcome_of(const twophase::Report& report);
[[nodiscard]] bool has_broken(const twophase::Report& report);
[[nodiscard]] ui::Answer fields_of(const twophase::Report& report, std::chrono::nanoseconds request);
/// "file:a=b: still in the way; ...": those that have not obeyed; "" where all have.
[[nodiscard]] std::string unsettled(const twophase::Report& report);
/// For --timing: how long each part of it took.
void tell_timing(ui::Env& env, const twophase::Report& report, std::chrono::nanoseconds request);
/// Answers with what became of a transaction, and its exit code.
///
/// wanted  what the command was to bring about: anything else is Exit::no.
[[nodiscard]] Exit answer(ui::Env& env, const twophase::Report& report, twophase::Decision wanted,
                          const PaceOptions& pace, std::chrono::nanoseconds request);

}  // namespace ft::tools
