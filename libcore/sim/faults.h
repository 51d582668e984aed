// How a simulated disk hurts its users: the ends that no handler may swallow, and the rules by which calls fail.
//
//     disk.fail({.call = Call::sync, .path = "**/packs/**", .error = EIO});   // the next fsync of a pack
//     disk.fail({.call = Call::write, .error = ENOSPC, .bytes = 700});        // the next write stops after 700 bytes
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

namespace ft::sim {

/// The power failed: the program is gone. Not derived from anything, so that no handler takes it for a failure.
struct PowerCut {};

/// The process was killed (SIGKILL): it is gone, its locks with it; what it wrote stays in the caches.
struct Killed {};

/// The processes of a world made no end: too many steps, or all wait for ever.
struct Hang {};

/// What a process asks of the disk. From `create` on they change it: these are the steps.
enum class Call : std::uint8_t {
    open,
    stat,
    list,
    read,
    map,
    lock,
    writeback,
    free_space,
    create,
    make,
    publish,
    link,
    rename,
    exchange,
    remove,
    write,
    resize,
    punch,
    clone,
    attributes,
    sync,
    sync_dir,
    sync_all,
};
[[nodiscard]] constexpr bool changes_disk(Call call) { return call >= Call::create; }
[[nodiscard]] const char* name_of(Call call);

/// Where in a step something happens. half: some of a write's bytes; as `before` for steps that cannot be halved.
enum class When : std::uint8_t { before, half, after };

/// A rule: calls that match it fail, or lie.
struct Fault {
    std::optional<Call> call;  ///< absent: any
    std::string path =
        "**";  ///< glob (base/text.h) matched against the object's path from the root, without a leading '/'
    std::uint64_t skip = 0;   ///< so many matching calls succeed first
    std::uint64_t times = 1;  ///< then so many fail
    int error = EIO;          ///< errno
    std::uint64_t bytes = 0;  ///< write: so many bytes are written before it fails
    bool lie = false;         ///< it does nothing and says that it did (sync, lock): a planted bug
};

}  // namespace ft::sim
