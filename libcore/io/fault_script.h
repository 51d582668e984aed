// What shall go wrong on a disk, and when: a text of rules that tools take from FT_FAULTS and tests write by hand.
//
//     write@17=EIO                  the 17th write fails
//     sync@2=EIO; rename@1=kill     rules are separated by ';' and counted each for itself
//     write~packs/*@3=ENOSPC+       the 3rd write below packs/ and all after it
//     change@5=killafter            '*' is every operation, 'change' every one that changes or syncs the disk
//
// Actions: an errno's name; short (a write stops half way, then ENOSPC); half (a write stops half way, then SIGKILL);
// kill (SIGKILL before it) and killafter. No ordinal means the first. A glob has to meet a path whole or from after any
// '/'.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ft::io {

/// The calls of Dir and File, as rules name them. sync is File's and Dir's.
enum class Operation : std::uint8_t {
    read,
    write,
    set_size,
    punch_hole,
    clone_from,
    sync,
    start_writeback,
    next_data,
    try_lock,
    map,
    find_file,
    find_dir,
    create_file,
    create_unnamed,
    publish,
    make_dir,
    make_symlink,
    make_node,
    make_link,
    rename,
    exchange,
    remove_file,
    remove_dir,
    stat,
    read_symlink,
    list,
    set_owner,
    set_mode,
    set_mtime,
    xattrs,
    set_xattr,
    remove_xattr,
    sync_file_system,
};

/// What happens to one call.
struct Fault {
    enum class Action : std::uint8_t { none, error, short_write, half_write, kill, kill_after };
    Action action = Action::none;
    int error = 0;  ///< errno of error and short_write
};

class FaultScript {
public:
    /// fails    Exit::usage, with the column of what is not understood.
    explicit FaultScript(std::string_view text);

    /// Counts one call and says what happens to it: of the rules that strike, the first. Thread-safe.
    ///
    /// paths   of the objects it concerns; a rule's glob has to meet one of them.
    [[nodiscard]] Fault meet(Operation operation, std::span<const std::string> paths);

    struct Rule {
        std::optional<Operation> operation;  ///< absent: every one
        bool only_changes = false;           ///< of every one, those that change or sync the disk
        std::string glob;                    ///< empty: every path
        std::uint64_t ordinal = 1;
        bool and_later = false;
        Fault fault;
        std::uint64_t met = 0;
    };

private:
    std::mutex mutex_;  // guards the counts in rules_
    std::vector<Rule> rules_;
};

/// "cannot write": how a Failure of it begins.
[[nodiscard]] std::string failing(Operation operation);

}  // namespace ft::io
