// Threads that wait for work: for jobs that are too short to start a thread for each.
//
//     Hands hands(64);   hands.hand([&] { ask(participant); });
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "libcore/base/parallel.h"

namespace ft {

/// Thread-safe.
class Hands {
public:
    /// most  threads; they are started when they are needed.
    explicit Hands(unsigned most) : most_(most) {}
    /// Waits for all that was handed over.
    ~Hands();
    Hands(const Hands&) = delete;
    Hands& operator=(const Hands&) = delete;

    /// Has it done on another thread, in the order of handing over where all are busy.
    ///
    /// job    throws nothing.
    /// fails  where the first thread cannot be started.
    void hand(std::function<void()> job);

private:
    void work();
    unsigned most_;
    std::mutex mutex_;  // guards all below
    std::condition_variable wanted_;
    std::deque<std::function<void()>> jobs_;
    unsigned threads_ = 0, idle_ = 0;
    bool ending_ = false;
    parallel_detail::Crew crew_;
};

}  // namespace ft
