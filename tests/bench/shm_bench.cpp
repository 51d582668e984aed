// How fast a shared counter is, beside what the machine gives: one atomic add; two slots under a robust lock; the same
// in several processes at once; and how long the next add waits after a holder of the lock was killed.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <stdexcept>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/shm/shared_counter.h"

namespace {

using namespace ft;

constexpr std::int64_t adds_of_a_process = 20'000'000;

/// Memory that forked processes share.
template <class T>
T& shared() {
    void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw system_failure("cannot map", "memory", errno);
    return *static_cast<T*>(memory);
}

/// A counter with a name of its own, gone with it.
class Own {
public:
    explicit Own(shm::Kind kind)
        : counter_(shm::SharedCounter::make("/ft-bench-" + std::to_string(::getpid()), {.kind = kind}, clock_)) {
        if (!counter_) throw std::runtime_error("the segment is there already");
    }
    ~Own() { counter_->remove(); }
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;
    shm::SharedCounter& operator*() { return *counter_; }
    shm::SharedCounter* operator->() { return counter_.get(); }
    [[nodiscard]] std::unique_ptr<shm::SharedCounter> again() {
        return shm::SharedCounter::find(counter_->name(), clock_);
    }

private:
    SystemClock clock_;
    std::unique_ptr<shm::SharedCounter> counter_;
};

std::vector<pid_t> fork_all(unsigned processes, const std::function<void(unsigned)>& work) {
    std::vector<pid_t> children;
    for (unsigned i = 0; i < processes; ++i) {
        const pid_t child = ::fork();
        if (child < 0) throw system_failure("cannot fork", "benchmark", errno);
        if (child == 0) {
            work(i);
            ::_exit(0);
        }
        children.push_back(child);
    }
    return children;
}

/// Each of the processes waits until all are there; the time is from then on.
void side_by_side(benchmark::State& state, const std::function<void(unsigned)>& prepare,
                  const std::function<void()>& add) {
    const auto processes = static_cast<unsigned>(state.range(0));
    SystemClock clock;
    for (auto _ : state) {
        auto& ready = shared<std::atomic<unsigned>>();
        ready = 0;
        const std::vector<pid_t> children = fork_all(processes, [&](unsigned number) {
            prepare(number);
            ++ready;
            while (ready <= processes) ::sched_yield();
            for (std::int64_t i = 0; i < adds_of_a_process; ++i) add();
        });
        while (ready < processes) ::sched_yield();
        const auto start = clock.monotonic();
        ++ready;
        for (const pid_t child : children) ::waitpid(child, nullptr, 0);
        state.SetIterationTime(seconds(clock.monotonic() - start));
        ::munmap(&ready, sizeof ready);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * processes * adds_of_a_process);
}

void raw_fetch_add(benchmark::State& state) {
    auto& word = shared<std::atomic<std::int64_t>>();
    for (auto _ : state) benchmark::DoNotOptimize(word.fetch_add(1, std::memory_order_relaxed));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void plain_count(benchmark::State& state) {
    Own counter(shm::Kind::plain);
    for (auto _ : state) benchmark::DoNotOptimize(counter->count(1));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// The least that is exact: a robust lock, two slots, an index.
struct TwoSlots {
    pthread_mutex_t mutex;
    alignas(64) std::atomic<std::uint64_t> index;
    std::atomic<std::int64_t> slots[2];

    void begin() {
        pthread_mutexattr_t kind;
        ::pthread_mutexattr_init(&kind);
        ::pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
        ::pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
        ::pthread_mutex_init(&mutex, &kind);
    }
    void add() {
        if (::pthread_mutex_lock(&mutex) == EOWNERDEAD) ::pthread_mutex_consistent(&mutex);
        const std::uint64_t at = index.load(std::memory_order_relaxed);
        slots[(at + 1) & 1].store(slots[at & 1].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        index.store(at + 1, std::memory_order_release);
        ::pthread_mutex_unlock(&mutex);
    }
};

void raw_two_slots(benchmark::State& state) {
    auto& slots = shared<TwoSlots>();
    slots.begin();
    for (auto _ : state) slots.add();
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void exact_count(benchmark::State& state) {
    Own counter(shm::Kind::exact);
    for (auto _ : state) benchmark::DoNotOptimize(counter->count(1));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void exact_keyed(benchmark::State& state) {
    Own counter(shm::Kind::exact);
    std::uint64_t key = 0;
    for (auto _ : state) {
        ++key;
        benchmark::DoNotOptimize(counter->add(1, counter::KeyId{.low = key * 0x9e3779b97f4a7c15U, .high = key}));
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void read_plain(benchmark::State& state) {
    Own counter(shm::Kind::plain);
    for (auto _ : state) benchmark::DoNotOptimize(counter->value());
}

void open_and_close(benchmark::State& state) {
    Own counter(shm::Kind::plain);
    for (auto _ : state) benchmark::DoNotOptimize(counter.again());
}

void raw_processes(benchmark::State& state) {
    struct alignas(128) Line {
        std::atomic<std::int64_t> word;
    };
    struct Lines {
        Line lines[64];
    };
    auto& lines = shared<Lines>();
    std::atomic<std::int64_t>* own = nullptr;
    side_by_side(
        state, [&](unsigned number) { own = &lines.lines[number].word; },
        [&] { own->fetch_add(1, std::memory_order_relaxed); });
}

void raw_two_slots_processes(benchmark::State& state) {
    auto& slots = shared<TwoSlots>();
    slots.begin();
    side_by_side(
        state, [](unsigned) {}, [&] { slots.add(); });
}

void plain_processes(benchmark::State& state) {
    Own counter(shm::Kind::plain);
    std::unique_ptr<shm::SharedCounter> own;
    side_by_side(
        state, [&](unsigned) { own = counter.again(); }, [&] { benchmark::DoNotOptimize(own->count(1)); });
}

void exact_processes(benchmark::State& state) {
    Own counter(shm::Kind::exact);
    std::unique_ptr<shm::SharedCounter> own;
    side_by_side(
        state, [&](unsigned) { own = counter.again(); }, [&] { benchmark::DoNotOptimize(own->count(1)); });
}

/// From the kill of a process that holds the lock, while this one waits for it, to the end of the add.
void add_after_killed_holder(benchmark::State& state) {
    Own counter(shm::Kind::exact);
    SystemClock clock;
    auto& held = shared<std::atomic<bool>>();
    for (auto _ : state) {
        held = false;
        const pid_t holder = fork_all(1, [&](unsigned) {
            const auto lock = shm::Held::take(counter->segment().control().lock, clock, "benchmark");
            held = true;
            for (;;) ::pause();
        })[0];
        while (!held) ::sched_yield();
        const auto start = clock.monotonic();
        ::kill(holder, SIGKILL);
        benchmark::DoNotOptimize(counter->count(1));
        state.SetIterationTime(seconds(clock.monotonic() - start));
        ::waitpid(holder, nullptr, 0);
    }
}

BENCHMARK(raw_fetch_add);
BENCHMARK(plain_count);
BENCHMARK(raw_two_slots);
BENCHMARK(exact_count);
BENCHMARK(exact_keyed);
BENCHMARK(read_plain);
BENCHMARK(open_and_close)->Unit(benchmark::kMicrosecond);
BENCHMARK(raw_processes)->Arg(1)->Arg(2)->Arg(4)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(plain_processes)->Arg(1)->Arg(2)->Arg(4)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(raw_two_slots_processes)
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(exact_processes)->Arg(1)->Arg(2)->Arg(4)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(add_after_killed_holder)->UseManualTime()->Iterations(300)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
