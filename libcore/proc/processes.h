// What /proc tells of other processes. A process that is gone while it is looked at is not there.
//
//     std::optional<Identity> who = identity_of(pid);   ...   if (is_alive(*who)) ::kill(who->pid, SIGKILL);
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ft::proc {

/// What /proc/PID/stat says.
struct Status {
    char state = '?';  ///< 'T', 't': stopped; 'Z', 'X': it has ended
    pid_t parent = 0, group = 0;
    std::uint64_t started = 0;  ///< clock ticks since the boot
};
[[nodiscard]] std::optional<Status> status_of(pid_t pid);
/// The same of a folder of /proc: "/proc/7/task/8".
[[nodiscard]] std::optional<Status> status_in(const std::string& folder);
/// The numbers among the names in a folder of /proc; none where it cannot be read.
[[nodiscard]] std::vector<pid_t> numbers_in(const std::string& folder);

/// One process and no other that ever was or will be: its number is used again after it, even by a machine that was
/// started anew.
struct Identity {
    pid_t pid = 0;
    std::uint64_t started = 0;
    std::string boot;  ///< current_boot()
    bool operator==(const Identity&) const = default;
};
[[nodiscard]] std::optional<Identity> identity_of(pid_t pid);
/// The same from what its /proc/PID/stat has said (Spawn::signs_at).
[[nodiscard]] std::optional<Identity> identity_in(const std::string& stat, std::string boot);
/// /proc/sys/kernel/random/boot_id: no two starts of a machine have the same.
[[nodiscard]] std::string current_boot();
/// Whether it runs.
[[nodiscard]] bool is_alive(const Identity& process);

struct FileId {
    std::uint64_t dev = 0, ino = 0;
};
/// Who has the file open, this process left out; of other users' processes only root is told.
[[nodiscard]] std::vector<pid_t> holders_of(const FileId& file);
/// "pid 4711 (make -j)".
[[nodiscard]] std::string name_of(pid_t pid);

}  // namespace ft::proc
