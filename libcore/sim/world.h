// Several simulated processes on one disk, of which one runs at a time; who goes on at each call is chosen by the seed.
//
// Each process is a thread of its own, but a baton lets only one run, and it changes hands only at calls of the disk
// and sleeps of the clock: the same seed gives the same run, call by call. A process that waits for another polls
// through its clock's sleep.
//
//     World world(disk, seed);
//     ProcessId a = world.add("save", [&](Process& p) { save(*p.root(), p.clock()); });
//     disk.kill_at(a, 12);  world.run();  CHECK(world.end_of(a) == End::killed);
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"

namespace ft::sim {

/// How a process ended.
enum class End : std::uint8_t { not_run, done, failed, killed, power_cut, hang };

class World;

/// One process, as its program sees it.
class Process {
public:
    Process(World& world, ProcessId id);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] std::unique_ptr<io::Dir> root();
    [[nodiscard]] Clock& clock() { return *clock_; }
    [[nodiscard]] ProcessId id() const { return id_; }

private:
    World& world_;
    ProcessId id_;
    std::unique_ptr<Clock> clock_;
};

class World final : public Scheduler {
public:
    using Program = std::function<void(Process&)>;

    World(SimDisk& disk, std::uint64_t seed);
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// A process that run() will start. Ids count from 1.
    ProcessId add(std::string name, Program program);
    /// Runs all processes until each has ended. An exception that is neither a Failure nor an end of sim/faults.h comes
    /// out here.
    void run();

    [[nodiscard]] End end_of(ProcessId process) const { return members_[index(process)].end; }
    /// Of a process that ended with End::failed.
    [[nodiscard]] const Failure& failure_of(ProcessId process) const { return *members_[index(process)].failure; }
    /// More turns than this and the world hangs: Hang is thrown in every process.
    std::uint64_t turn_limit = 200'000;

    void turn(ProcessId process) override;
    void sleep(ProcessId process, std::chrono::nanoseconds length);
    [[nodiscard]] SimDisk& disk() { return disk_; }

private:
    /// Given once, taken once. (libstdc++ 12's semaphore can sleep for ever: GCC bug 104928.)
    class Baton {
    public:
        void give();
        void take();

    private:
        std::mutex mutex_;
        std::condition_variable given_;
        bool here_ = false;
    };
    struct Member {
        std::string name;
        Program program;
        Baton baton;
        std::chrono::nanoseconds wakes{0};
        bool ended = false;
        End end = End::not_run;
        std::optional<Failure> failure;
        std::exception_ptr unexpected;
    };

    static std::size_t index(ProcessId process) { return static_cast<std::size_t>(process) - 1; }
    void live(ProcessId process);
    void execute(Member& member, ProcessId process);
    /// Who goes on; std::nullopt when all have ended. Moves the clock where all sleep.
    [[nodiscard]] std::optional<std::size_t> choose();
    void hand_over(std::size_t from, std::size_t to);

    SimDisk& disk_;
    Chance chance_;
    unsigned switch_percent_;
    std::uint64_t turns_ = 0;
    std::deque<Member> members_;  // a baton cannot move
    Baton all_ended_;
};

}  // namespace ft::sim
