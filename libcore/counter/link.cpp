#include "libcore/counter/link.h"

#include <utility>

namespace ft::counter {

namespace {

class InlineLink final : public Link {
public:
    InlineLink(std::unique_ptr<Replica> replica, LocalReplica* local) : replica_(std::move(replica)), local_(local) {}
    void ask(Request request) override { request_ = std::move(request); }
    std::optional<Reply> take() override {
        if (!request_) return std::nullopt;
        return replica_->handle(*std::exchange(request_, std::nullopt));
    }
    LocalReplica* local() override { return local_; }

private:
    std::unique_ptr<Replica> replica_;
    LocalReplica* local_;
    std::optional<Request> request_;
};

class ThreadedLink final : public Link {
public:
    ThreadedLink(std::unique_ptr<Replica> replica, LocalReplica* local, Bell& bell)
        : replica_(std::move(replica)), local_(local), bell_(bell) {
        crew_.start([this] { run(); });
    }
    ~ThreadedLink() override {
        {
            std::lock_guard lock(mutex_);
            ending_ = true;
            replica_->interrupt();
        }
        asked_.notify_one();
        crew_.join();
    }
    ThreadedLink(const ThreadedLink&) = delete;
    ThreadedLink& operator=(const ThreadedLink&) = delete;

    void ask(Request request) override {
        {
            std::lock_guard lock(mutex_);
            request_ = std::move(request);
        }
        asked_.notify_one();
    }
    std::optional<Reply> take() override {
        std::lock_guard lock(mutex_);
        return std::exchange(reply_, std::nullopt);
    }
    LocalReplica* local() override { return local_; }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            asked_.wait(lock, [&] { return ending_ || request_.has_value(); });
            if (ending_) return replica_.reset();  // here: a program that it started ends with this thread
            const Request request = *std::exchange(request_, std::nullopt);
            lock.unlock();
            Reply reply = replica_->handle(request);
            lock.lock();
            reply_ = std::move(reply);
            lock.unlock();  // whom the bell wakes takes the answer at once
            bell_.ring();
            lock.lock();
        }
    }

    std::unique_ptr<Replica> replica_;
    LocalReplica* local_;
    Bell& bell_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable asked_;
    std::optional<Request> request_;
    std::optional<Reply> reply_;
    bool ending_ = false;
    parallel_detail::Crew crew_;
};

}  // namespace

void Bell::ring() {
    {
        std::lock_guard lock(mutex_);
        ++rings_;
    }
    rung_.notify_all();
}

bool Bell::wait(std::chrono::nanoseconds at_most, const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + at_most;
    std::unique_lock lock(mutex_);
    for (;;) {
        const std::uint64_t seen = rings_;
        lock.unlock();
        if (done()) return true;
        lock.lock();
        if (!rung_.wait_until(lock, until, [&] { return rings_ != seen; })) return false;
    }
}

std::unique_ptr<Link> inline_link(std::unique_ptr<Replica> replica, LocalReplica* local) {
    return std::make_unique<InlineLink>(std::move(replica), local);
}

std::unique_ptr<Link> threaded_link(std::unique_ptr<Replica> replica, LocalReplica* local, Bell& bell) {
    return std::make_unique<ThreadedLink>(std::move(replica), local, bell);
}

}  // namespace ft::counter
