#include "libcore/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <system_error>

#include "libcore/base/failure.h"

namespace ft {

unsigned processors() {
    cpu_set_t mine;
    CPU_ZERO(&mine);
    // Fails only where there are more processors than the set has bits (1024): then all of them are counted.
    if (sched_getaffinity(0, sizeof mine, &mine) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&mine)));
    return std::max(1U, std::thread::hardware_concurrency());
}

namespace parallel_detail {

Crew::~Crew() { join(); }

void Crew::start(std::function<void()> body) {
    try {
        threads_.emplace_back(std::move(body));
    } catch (const std::system_error& error) {  // to say what it means
        throw system_failure("cannot start a thread", "thread " + std::to_string(threads_.size() + 1),
                             error.code().value())
            .advised("use fewer with --jobs, or raise 'ulimit -u'");
    }
}

void Crew::join() {
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

void FirstFailure::keep(std::uint64_t item, std::exception_ptr failure) {
    if (failure_ && item >= item_) return;
    failure_ = std::move(failure);
    item_ = item;
}

}  // namespace parallel_detail

namespace {

/// Tasks are claimed in ascending order, so that when one fails all earlier ones have been begun and will be heard.
class TaskList {
public:
    TaskList(std::size_t count, const std::function<void(std::size_t)>& task) : count_(count), task_(task) {}

    void work() {
        for (;;) {
            const std::size_t index = next_.fetch_add(1);
            if (index >= count_ || index > failed_.load()) return;
            try {
                task_(index);
            } catch (...) {  // a thread's edge: carried to the caller
                std::lock_guard lock(mutex_);
                failure_.keep(index, std::current_exception());
                failed_.store(failure_.item());
            }
        }
    }

    void rethrow() const { failure_.rethrow(); }

private:
    const std::size_t count_;
    const std::function<void(std::size_t)>& task_;
    std::atomic<std::size_t> next_{0};
    std::atomic<std::uint64_t> failed_{UINT64_MAX};
    std::mutex mutex_;
    parallel_detail::FirstFailure failure_;
};

}  // namespace

void parallel_for(unsigned workers, std::size_t count, const std::function<void(std::size_t)>& task) {
    if (workers == 0) {
        for (std::size_t i = 0; i < count; ++i) task(i);
        return;
    }
    TaskList tasks(count, task);
    {
        parallel_detail::Crew crew;
        const std::size_t helpers = std::min<std::size_t>(workers, count);
        for (std::size_t i = 1; i < helpers; ++i) crew.start([&tasks] { tasks.work(); });
        tasks.work();  // the calling thread is one of the workers
    }
    tasks.rethrow();
}

}  // namespace ft
