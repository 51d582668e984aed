#include "libcore/sim/world.h"

#include <algorithm>
#include <vector>

#include "libcore/base/parallel.h"

namespace ft::sim {

namespace {

/// The disk's clock, whose sleep gives the turn away.
class ProcessClock final : public Clock {
public:
    ProcessClock(World& world, ProcessId process) : world_(world), process_(process) {}
    Time now() override { return clock().now(); }
    Time file_clock() override { return clock().file_clock(); }
    std::chrono::nanoseconds monotonic() override { return clock().monotonic(); }
    void sleep(std::chrono::nanoseconds length) override { world_.sleep(process_, length); }
    std::uint64_t random() override { return clock().random(); }

private:
    SimClock& clock() { return world_.disk().clock(); }
    World& world_;
    ProcessId process_;
};

}  // namespace

Process::Process(World& world, ProcessId id)
    : world_(world), id_(id), clock_(std::make_unique<ProcessClock>(world, id)) {}
Process::~Process() = default;
std::unique_ptr<io::Dir> Process::root() { return world_.disk().root(id_); }

void World::Baton::give() {
    {
        std::lock_guard lock(mutex_);
        here_ = true;
    }
    given_.notify_one();  // after the lock is free: who wakes need not wait for it again
}

void World::Baton::take() {
    std::unique_lock lock(mutex_);
    given_.wait(lock, [&] { return here_; });
    here_ = false;
}

World::World(SimDisk& disk, std::uint64_t seed) : disk_(disk), chance_(seed) {
    // Some bugs need processes that alternate, others one that runs far while another stands still.
    constexpr unsigned choices[] = {50, 20, 5, 1};
    switch_percent_ = choices[chance_.below(4)];
}

ProcessId World::add(std::string name, Program program) {
    Member& member = members_.emplace_back();
    member.name = std::move(name);
    member.program = std::move(program);
    return static_cast<ProcessId>(members_.size());
}

void World::run() {
    const std::optional<std::size_t> first = choose();
    if (!first) return;
    disk_.set_scheduler(this);
    parallel_detail::Crew crew;
    for (std::size_t i = 0; i < members_.size(); ++i) crew.start([this, i] { live(static_cast<ProcessId>(i + 1)); });
    members_[*first].baton.give();
    all_ended_.take();
    crew.join();
    disk_.set_scheduler(nullptr);
    for (const Member& member : members_)
        if (member.unexpected) std::rethrow_exception(member.unexpected);
}

void World::live(ProcessId process) {
    Member& member = members_[index(process)];
    member.baton.take();
    execute(member, process);
    member.ended = true;
    if (const std::optional<std::size_t> next = choose())
        members_[*next].baton.give();
    else
        all_ended_.give();
}

void World::execute(Member& member, ProcessId process) {
    try {
        Process self(*this, process);
        member.program(self);
        member.end = End::done;
    } catch (const Failure& failure) {  // a thread's edge: each end is told by end_of()
        member.end = End::failed;
        member.failure = failure;
    } catch (const Killed&) {
        member.end = End::killed;
    } catch (const PowerCut&) {
        member.end = End::power_cut;
    } catch (const Hang&) {
        member.end = End::hang;
    } catch (...) {
        member.unexpected = std::current_exception();
    }
}

std::optional<std::size_t> World::choose() {
    const std::chrono::nanoseconds now = disk_.clock().since_1970();
    std::vector<std::size_t> ready;
    std::optional<std::size_t> first;  // to wake
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i].ended) continue;
        if (members_[i].wakes <= now) ready.push_back(i);
        if (!first || members_[i].wakes < members_[*first].wakes) first = i;
    }
    if (!ready.empty()) return ready[chance_.below(ready.size())];
    if (first) disk_.clock().set(members_[*first].wakes);
    return first;
}

void World::turn(ProcessId process) {
    if (++turns_ > turn_limit && std::uncaught_exceptions() == 0) throw Hang{};
    if (!chance_.percent(switch_percent_)) return;
    hand_over(index(process), *choose());
}

void World::sleep(ProcessId process, std::chrono::nanoseconds length) {
    if (++turns_ > turn_limit && std::uncaught_exceptions() == 0) throw Hang{};
    members_[index(process)].wakes = disk_.clock().since_1970() + length;
    hand_over(index(process), *choose());
}

void World::hand_over(std::size_t from, std::size_t to) {
    if (from == to) return;
    members_[to].baton.give();
    members_[from].baton.take();
}

}  // namespace ft::sim
