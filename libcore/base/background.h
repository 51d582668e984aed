// One thread that runs tasks in order behind the caller's back: for endings that take the disk's time, not the
// processor's.
//
//     Background later(true); later.submit([&] { pack.finish(); }); ... later.drain();
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>

#include "libcore/base/parallel.h"

namespace ft {

class Background {
public:
    /// threaded  false: submit() runs the task itself (simulations).   limit  tasks that may wait; submit() blocks
    /// beyond.
    explicit Background(bool threaded, std::size_t limit = 2);
    /// Tasks that have not begun are dropped.
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    /// fails  with what an earlier task threw; later tasks are then not run.
    void submit(std::function<void()> task);
    /// Returns when all tasks have ended. fails  as submit.
    void drain();

private:
    void run();
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    std::exception_ptr failure_;
    bool threaded_;
    std::size_t limit_;
    bool busy_ = false, ending_ = false;
    parallel_detail::Crew crew_;  // the one thread, where there is one
};

}  // namespace ft
