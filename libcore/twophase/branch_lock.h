// What runs for a branch, also after its coordinator has died: a file in the coordinator's folder whose flock every
// program inherits that is started for the branch, and so everything that it starts in its turn.
//
// While anything holds the lock the branch is at work. The file also names the process group, so that it can be ended;
// it is there only while something runs, or was left by a coordinator that died. FORMAT.md, section "branch lock".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/io/dir.h"
#include "libcore/proc/processes.h"

namespace ft::twophase {

class BranchLock {
public:
    /// The file that is there; std::nullopt where there is none.
    [[nodiscard]] static std::optional<BranchLock> find(io::Dir& locks, const std::string& branch);
    /// The file, made where there is none.
    [[nodiscard]] static BranchLock find_or_make(io::Dir& locks, const std::string& branch);

    /// false where something else holds it.
    [[nodiscard]] bool try_lock() { return file_->try_lock(io::Lock::exclusive); }
    /// For a program that is to inherit the lock.
    [[nodiscard]] int descriptor() const;
    /// Makes room for what the leader of the process group that inherits it writes of itself (Spawn::signs_at).
    [[nodiscard]] std::uint64_t make_record();
    /// Ends this process's hold on it and looks anew: held is then only what others hold.
    void let_go();

    /// Whether the recorded group's leader runs, with or without the lock.
    [[nodiscard]] bool has_leader() const;
    /// SIGKILL for the recorded group, where it is certain that it is the one that was recorded.
    void kill_group() const;
    /// Who holds it, or leads the recorded group: "pid 4711 (sleep 100)".
    [[nodiscard]] std::string holders() const;
    /// While it is locked: there is nothing more to know.
    void remove();

private:
    BranchLock(io::Dir& locks, std::string branch, std::unique_ptr<io::File> file);
    [[nodiscard]] std::optional<proc::Identity> leader() const;
    [[nodiscard]] std::vector<pid_t> holding() const;
    io::Dir* locks_;
    std::string branch_;
    std::unique_ptr<io::File> file_;
};

}  // namespace ft::twophase
