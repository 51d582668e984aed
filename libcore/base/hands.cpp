#include "libcore/base/hands.h"

#include <utility>

namespace ft {

Hands::~Hands() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wanted_.notify_all();
    crew_.join();
}

void Hands::hand(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() >= idle_ && threads_ < most_) {
            crew_.start([this] { work(); });
            ++threads_;
        }
        jobs_.push_back(std::move(job));
    }
    wanted_.notify_one();
}

void Hands::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        wanted_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
        --idle_;
        if (jobs_.empty()) return;
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

}  // namespace ft
