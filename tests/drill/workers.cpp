#include "tests/drill/workers.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

namespace ft::drill {

namespace {

/// One more than there are workers: the last counts those that have begun.
std::span<Saying> shared_sayings(std::size_t number) {
    void* memory = ::mmap(nullptr, number * sizeof(Saying), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("cannot share memory");
    return {static_cast<Saying*>(memory), number};
}

[[noreturn]] void work_until_killed(const std::function<void()>& work) {
    try {
        work();
    } catch (const std::exception& failure) {  // the child's edge
        std::fprintf(stderr, "worker: %s\n", failure.what());
    }
    ::_exit(1);
}

}  // namespace

Workers::Workers(std::size_t number) : sayings_(shared_sayings(number + 1).first(number)) {}

Workers::~Workers() { ::munmap(sayings_.data(), (sayings_.size() + 1) * sizeof(Saying)); }

void Workers::end(pid_t child) {
    ::kill(child, SIGKILL);
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        throw std::runtime_error("a worker ended by itself");
    ++kills_;
}

void Workers::run(const std::function<void(Saying&, std::size_t)>& work, std::optional<std::size_t> victim,
                  std::chrono::nanoseconds after) {
    std::atomic<std::uint64_t>& begun = sayings_.data()[sayings_.size()].done;
    begun = 0;
    std::vector<pid_t> children;
    for (std::size_t i = 0; i < sayings_.size(); ++i) {
        const pid_t child = ::fork();
        if (child < 0) throw std::runtime_error("cannot fork");
        if (child == 0)
            work_until_killed([&] {
                ++begun;
                work(sayings_[i], i);
            });
        children.push_back(child);
    }
    while (begun < children.size()) ::sched_yield();
    clock_.sleep(after);
    if (victim) {
        end(children[*victim]);
        clock_.sleep(after);
    }
    for (std::size_t i = 0; i < children.size(); ++i)
        if (i != victim) end(children[i]);
}

}  // namespace ft::drill
