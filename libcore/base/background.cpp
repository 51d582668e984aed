#include "libcore/base/background.h"

namespace ft {

Background::Background(bool threaded, std::size_t limit) : threaded_(threaded), limit_(limit) {
    if (threaded) crew_.start([this] { run(); });
}

Background::~Background() {
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
        waiting_.clear();
    }
    changed_.notify_all();
    crew_.join();
}

void Background::submit(std::function<void()> task) {
    if (!threaded_) return task();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || waiting_.size() < limit_; });
    if (failure_) std::rethrow_exception(failure_);
    waiting_.push_back(std::move(task));
    changed_.notify_all();
}

void Background::drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || (waiting_.empty() && !busy_); });
    if (failure_) std::rethrow_exception(failure_);
}

void Background::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
        if (ending_ || failure_) return;
        std::function<void()> task = std::move(waiting_.front());
        waiting_.pop_front();
        busy_ = true;
        lock.unlock();
        std::exception_ptr failure;
        try {
            task();
        } catch (...) {  // a thread's edge: carried to submit() and drain()
            failure = std::current_exception();
        }
        lock.lock();
        busy_ = false;
        if (failure && !failure_) failure_ = failure;
        changed_.notify_all();
    }
}

}  // namespace ft
