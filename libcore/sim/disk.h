// A simulated disk: a whole file system in memory that keeps what processes see and what is durable apart, and can lose
// the difference.
//
// The crash model (the plain POSIX model; everything that a real file system does is among it, and more):
//  1. Writes go to a cache. Until the file is synced, a power cut keeps any subset of them, in any order: each write
//  whole, torn into
//     512-byte sectors or 4 KiB pages, as a size without data (zeros or stale bytes), as data without size, or not at
//     all. Truncations, holes, modes, owners, xattrs and times are kept or lost one by one.
//  2. A name (created, linked, removed, renamed) is durable only after a sync of its directory; a rename or exchange is
//  atomic and durable
//     after a sync of the directory that it went to. Until then any subset of the names' changes is kept; none needs
//     another (but directories do not end up with two names). A file's sync covers its content, size and attributes,
//     not its name.
//  3. A failed sync loses the un-synced changes of its file: some reached the disk, the rest never will; they are still
//  seen until the
//     power is cut, and a later sync says that all is well. (The File that failed stays poisoned, as io/dir.h asks.) A
//     failed sync of a directory makes nothing durable; its names wait for the next one.
//  4. Any call fails with any errno by rule; a write may stop at any byte before it does; a full disk refuses new
//  space.
//  5. Stored bytes rot on demand: flipped bits, zeroed, misdirected, duplicated or stale sectors.
//  6. The power is cut or a process killed before, in the middle of or after any step (a call that changes the disk);
//  again while
//     the next command recovers. Processes have their own locks, which go when they die.
//
//     SimDisk disk(seed);  auto root = disk.root();  ...  disk.power_cut(seed);  // old handles throw PowerCut from now
//     on
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/sim/clock.h"
#include "libcore/sim/disk_state.h"
#include "libcore/sim/faults.h"

namespace ft::sim {

using ProcessId = int;

/// Decides who goes on, before each call. A disk without one has one process.
class Scheduler {
public:
    virtual ~Scheduler() = default;
    /// Returns when it is the turn of `process`, which is calling.
    virtual void turn(ProcessId process) = 0;
};

/// A disk at rest: to start runs from, and what is left of them.
struct Image {
    DiskState state;
    std::chrono::nanoseconds time = SimClock::start;
    std::vector<std::string> acknowledged = {};  ///< what programs had told their users
};

/// What the simulated file system can do; io/dir.h says how each refusal looks.
struct Abilities {
    bool unnamed = true, exchange = true, holes = true, reflink = true, on_disk = true;
    bool tells_kinds = true;  ///< list() says what each name is
};

class SimDisk {
public:
    explicit SimDisk(std::uint64_t seed = 1) : SimDisk(Image{}, seed) {}
    SimDisk(Image image, std::uint64_t seed);
    SimDisk(const SimDisk&) = delete;
    SimDisk& operator=(const SimDisk&) = delete;
    ~SimDisk();

    /// The root directory for one process. Handles must not outlive the disk.
    [[nodiscard]] std::unique_ptr<io::Dir> root(ProcessId process = 0);
    [[nodiscard]] SimClock& clock() { return clock_; }
    [[nodiscard]] const DiskState& state() const { return state_; }
    [[nodiscard]] Image image() const { return {state_, clock_.since_1970(), acknowledged_}; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    Abilities abilities;

    /// Steps so far: calls that change the disk.
    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    /// Cuts the power at a step (counted from 0): that call and all later ones throw PowerCut until power_cut() says
    /// what is left.
    void cut_at(std::uint64_t step, When when = When::before);
    /// Cuts the power if it is on, decides by the seed (0: nothing un-synced survives, 1: all) what is left, and turns
    /// it on again.
    void power_cut(std::uint64_t seed);
    [[nodiscard]] bool is_off() const { return off_; }
    /// Kills a process at its next call, or at its own `step`-th step. Its locks go as it dies.
    void kill(ProcessId process);
    void kill_at(ProcessId process, std::uint64_t step, When when = When::before);
    [[nodiscard]] bool is_dead(ProcessId process) const;

    void fail(Fault fault) { rules_.push_back({std::move(fault), 0}); }
    void clear_faults() { rules_.clear(); }
    /// Calls that failed or lied by rule.
    [[nodiscard]] std::uint64_t faults_met() const { return faults_met_; }
    /// No more space beyond so many bytes.
    void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }

    /// What a program has told its user: survives everything, for the oracle.
    void acknowledge(std::string what) { acknowledged_.push_back(std::move(what)); }
    [[nodiscard]] const std::vector<std::string>& acknowledged() const { return acknowledged_; }

    /// Bytes of a file. Paths, here and below, from the root ("store/packs/ab/x").
    [[nodiscard]] std::uint64_t size_of(const std::string& path) const {
        return state_.node(find_path(path)).content.size();
    }
    /// Rot. Offsets in bytes.
    void flip_bit(const std::string& path, std::uint64_t byte, unsigned bit);
    void zero(const std::string& path, std::uint64_t at, std::uint64_t length);
    void truncate(const std::string& path, std::uint64_t size);
    /// Puts bytes of one place (perhaps of another file) into another: misdirected, duplicated, stale.
    struct Place {
        std::string path;
        std::uint64_t at = 0;
    };
    void misdirect(const Place& from, const Place& to, std::uint64_t length);

    void set_scheduler(Scheduler* scheduler) { scheduler_ = scheduler; }
    /// Called before each step, with its number, while the disk is as that step finds it.
    void before_step(std::function<void(std::uint64_t step)> watch) { watch_ = std::move(watch); }
    /// Every call from now on as a line: "2 write store/tmp/a [0,512)".
    void trace(bool on) { tracing_ = on; }
    [[nodiscard]] const std::vector<std::string>& traced() const { return trace_; }

private:
    friend class SimDir;
    friend class SimFile;

    /// Who calls: what every handle keeps.
    struct Caller {
        ProcessId process = 0;
        std::uint64_t boot = 0;
    };
    struct Process {
        bool killed = false;  ///< dies at its next call
        bool dead = false;
        std::uint64_t steps = 0;
        std::uint64_t kill_step = UINT64_MAX;
        When kill_when = When::before;
    };
    struct Held {
        Ino ino = no_ino;
        const void* holder = nullptr;
        ProcessId process = 0;
        bool exclusive = false;
    };
    struct Rule {
        Fault fault;
        std::uint64_t seen = 0;  ///< calls that matched
    };
    /// What a call is made on, put together to a path only where somebody asks.
    struct Object {
        const std::string& dir;
        std::string_view name = {};
        [[nodiscard]] std::string path() const;
    };
    /// How the step that is running ends, once it is done or half done.
    enum class Ending : std::uint8_t { none, power, kill };

    /// Does one call: waits for the turn, fails or dies where it is told to, else changes the disk.
    template <class Do>
    auto act(const Caller& caller, Call call, Object object, Do&& change) -> decltype(change());
    void begin(const Caller& caller, Call call, Object object);
    void begin_step(const Caller& caller, Call call);
    /// Unlocks: where the step ends with its process or the power, the handle it has opened goes first.
    void end(std::unique_lock<std::mutex>& lock);
    Ending take_ending();
    void meet_faults(Call call, Object object);
    /// A dead program's destructors are at work: their calls do nothing.
    [[nodiscard]] bool is_ghost(const Caller& caller) const;
    void throw_if_gone(const Caller& caller);
    void mark_dead(ProcessId process);
    [[noreturn]] void end_process(ProcessId process);
    [[noreturn]] void end_power();

    /// How many of a write's bytes get through, and the errno for the rest.
    struct Through {
        std::uint64_t bytes = 0;
        int error = 0;
    };
    [[nodiscard]] Through let_through(Ino ino, std::uint64_t at, std::uint64_t length);
    /// ENOSPC unless so many bytes are free.
    void need_space(std::uint64_t bytes, Object object) const;
    /// Syncs one object, or all (no_ino). The errno if a rule says so, else 0.
    [[nodiscard]] int sync(Ino ino);
    /// The same for what was written to bytes [start, end) of a file only.
    [[nodiscard]] int sync(Ino ino, std::span<const io::Piece> pieces);

    bool try_lock(const Caller& caller, Ino ino, const void* holder, bool exclusive);
    void hold(Ino ino) { ++handles_[ino]; }
    /// A handle goes: its lock too, and the space of what it was the last to hold.
    void let_go(const Caller& caller, Ino ino, const void* holder);
    void release_if_unused(Ino ino);
    void drop_locks_of(ProcessId process);
    [[nodiscard]] Ino find_path(const std::string& path) const;
    [[nodiscard]] Process& process(ProcessId id) { return processes_[id]; }

    DiskState state_;
    SimClock clock_;
    std::uint64_t seed_;
    std::mutex mutex_;  ///< one call at a time, also where a program under test has threads
    std::map<ProcessId, Process> processes_;
    std::vector<Held> locks_;
    std::map<Ino, unsigned> handles_;
    std::set<Ino> cached_;  ///< read or written since the power came
    std::uint64_t steps_ = 0, boot_ = 0, capacity_ = UINT64_MAX;
    std::uint64_t cut_step_ = UINT64_MAX;
    When cut_when_ = When::before;
    bool off_ = false;
    Ending ending_ = Ending::none;
    ProcessId ending_process_ = 0;
    bool half_ = false;  ///< the running write does half of its work, then the ending comes
    std::vector<Rule> rules_;
    std::uint64_t faults_met_ = 0;
    std::optional<Fault> fault_;  ///< met by the running write, sync or lock, which know what it leaves behind
    std::vector<std::string> acknowledged_, trace_;
    Scheduler* scheduler_ = nullptr;
    std::function<void(std::uint64_t)> watch_;
    bool tracing_ = false;
};

}  // namespace ft::sim
