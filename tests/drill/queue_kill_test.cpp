// Goal: whoever does others' operations with his own may be killed at any instruction: each of them is done once, and
// is told the value that it has.
// Method: a leader is killed after so many instructions of a commit that does a guest's add (single_step.h); the guest,
// which waits in a process of its own, then has the lock. Planted leaders that forget a step are found by the same.
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "libcore/counter/replica_file.h"
#include "libcore/io/posix.h"
#include "tests/catch.h"
#include "tests/drill/single_step.h"
#include "tests/shm/own_counter.h"
#include "tests/sim/seeds.h"

namespace ft::drill {

namespace {

using counter::Operation;
using counter::Outcome;
using shm::OwnCounter;
using shm::Queue;
using Opened = OwnCounter::Opened;

/// A number that a child writes and its parent reads.
class Told {
public:
    Told() : at_(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        REQUIRE(at_ != MAP_FAILED);
        value() = 0;
    }
    ~Told() { ::munmap(at_, 4096); }
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;
    [[nodiscard]] std::atomic<std::int64_t>& value() { return *static_cast<std::atomic<std::int64_t>*>(at_); }

private:
    void* at_;
};

/// A process that adds one, once it is told to, waiting as long as it must.
class Guest {
public:
    explicit Guest(const OwnCounter& own) : child_(::fork()) {
        REQUIRE(child_ >= 0);
        if (child_ != 0) return;
        while (told_.value() != go) ::sched_yield();
        Opened one(own);
        told_.value() = one.add(1);
        ::_exit(0);
    }
    void begin() { told_.value() = go; }
    /// What it was told.
    [[nodiscard]] std::int64_t answer() {
        int status = 0;
        REQUIRE(::waitpid(child_, &status, 0) == child_);
        REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
        return told_.value();
    }

private:
    static constexpr std::int64_t go = -1;
    Told told_;
    ::pid_t child_;
};

enum class Mistake : std::uint8_t { none, says_nothing_before, answers_before };

/// Forgets a step of what a leader owes its guests.
class Mistaken final : public counter::Guests {
public:
    Mistaken(Queue& queue, Mistake mistake) : queue_(queue), mistake_(mistake) {}
    [[nodiscard]] std::optional<Uuid> gate() const override { return queue_.gate(); }
    bool are_waiting() const override { return queue_.are_waiting(); }
    std::vector<Operation> take(const Standing& now, std::size_t at_most) override { return queue_.take(now, at_most); }
    void about_to_commit(std::uint64_t mark, std::uint64_t sequence, std::span<const Outcome> outcomes) override {
        if (mistake_ != Mistake::says_nothing_before) queue_.about_to_commit(mark, sequence, outcomes);
        if (mistake_ == Mistake::answers_before) queue_.answer({.head = head_}, outcomes);
    }
    void answer(const Standing& now, std::span<const Outcome> outcomes) override { queue_.answer(now, outcomes); }
    bool withdraw(bool locked) override { return queue_.withdraw(locked); }

private:
    Queue& queue_;
    Mistake mistake_;
    counter::Head head_;
};

struct Seen {
    std::uint64_t killed = 0, wrong = 0;
    bool done_by_leader = false, done_by_guest = false;
};

/// What the replica says, to whoever has its lock.
std::int64_t value_in(const std::string& path) {
    const io::Located place = io::locate(path);
    const auto file = io::open_file(*place.dir, place.name, io::Access::direct);
    return counter::ReplicaFile(*file).tail().head.value;
}

/// One commit that is killed after so many instructions. false: it had ended.
bool kill_once(std::uint64_t instructions, Mistake mistake, Seen& seen) {
    const OwnCounter own(1);
    Guest guest(own);  // before there is a lock that it would inherit
    auto leader = std::make_unique<Opened>(own);
    CHECK(leader->add(5) == 5);
    guest.begin();
    while (!leader->group.has_company()) std::this_thread::yield();
    auto queue = Queue::find(*leader->counter.gate());
    REQUIRE(queue);
    Mistaken guests(*queue, mistake);
    const Fate fate = kill_after(instructions, [&] { (void)leader->counter.serve(guests); });
    (value_in(own.path(0)) == 6 ? seen.done_by_leader : seen.done_by_guest) = true;
    queue.reset();
    leader.reset();  // the killed one and this one had one lock between them
    Opened look(own);
    const Operation get{.kind = Operation::Kind::get};
    const std::int64_t told = guest.answer(), value = look.group.run({&get, 1}).front().value;
    seen.wrong += told != 6 || value != 6 ? 1 : 0;
    seen.killed += fate == Fate::killed ? 1 : 0;
    return fate == Fate::killed;
}

/// Every `stride` instructions from the first to the last, or until something is wrong.
Seen kill_everywhere(std::uint64_t stride, Mistake mistake) {
    Seen seen;
    for (std::uint64_t at = 0; kill_once(at, mistake, seen) && seen.wrong == 0; at += stride) continue;
    return seen;
}

}  // namespace

TEST_CASE("a leader killed after any instruction has done each guest's add, or left it to be done", "[drill]") {
    const std::uint64_t stride = sim::number_in_environment("FT_LONG") ? 61 : 701;
    const Seen seen = kill_everywhere(stride, Mistake::none);
    CHECK(seen.wrong == 0);
    CHECK(seen.killed > 20);
    CHECK(seen.done_by_leader);
    CHECK(seen.done_by_guest);
}

TEST_CASE("leaders that say nothing before the commit, or too much, are found", "[drill]") {
    CHECK(kill_everywhere(701, Mistake::says_nothing_before).wrong > 0);
    CHECK(kill_everywhere(701, Mistake::answers_before).wrong > 0);
}

}  // namespace ft::drill
