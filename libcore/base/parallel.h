// Threads, and the only place that makes them. The first failure of any thread reaches the caller; the others stop.
//
//     ordered_pipeline<Batch, Result>({.workers = 4, .window = 16},
//         [&] { return walk.next_batch(); },                   // one thread at a time, in order
//         [&](Batch&& b, unsigned worker) { return read(b); }, // any worker
//         [&](Result&& r) { manifest.append(r); });            // calling thread, in order
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ft {

struct PipelineShape {
    unsigned workers = 0;     ///< 0: everything runs on the calling thread, in one fixed order (simulations)
    std::size_t window = 16;  ///< at most this many items between produced and consumed: bounds memory
};

/// Number of processors this process may use.
[[nodiscard]] unsigned processors();

/// Runs `count` tasks, at most `workers` at a time, and returns when all have ended. 0 workers: inline, in order.
///
/// fails    with the failure of the lowest index that failed; tasks above it that were not begun yet are not run.
void parallel_for(unsigned workers, std::size_t count, const std::function<void(std::size_t)>& task);

namespace parallel_detail {

/// Threads that are joined, whatever happens, before the frame that made them goes.
class Crew {
public:
    Crew() = default;
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    void start(std::function<void()> body);
    void join();

private:
    std::vector<std::thread> threads_;
};

/// Of several failures the one that a run in order would have met first. Not thread-safe.
class FirstFailure {
public:
    void keep(std::uint64_t item, std::exception_ptr failure);
    /// Number of the item that failed, UINT64_MAX while none has.
    [[nodiscard]] std::uint64_t item() const { return item_; }
    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    std::exception_ptr failure_;
    std::uint64_t item_ = UINT64_MAX;
};

/// The state that the threads of one ordered_pipeline share.
///
/// Why it cannot hang: only the thread whose turn it is waits for room, and it is woken by each item consumed and by
/// each failure; only the calling thread waits for results, and it is woken by the result it waits for, by each failure
/// and by each worker that ends. The item it waits for is always in some worker's hands: items are numbered in order,
/// and none below a failed one is dropped.
template <class In, class Out>
class Pipeline {
public:
    using Produce = std::function<std::optional<In>()>;
    using Work = std::function<Out(In&&, unsigned)>;
    using Consume = std::function<void(Out&&)>;

    Pipeline(PipelineShape shape, const Produce& produce, const Work& work)
        : window_(shape.window > 0 ? shape.window : 1), running_(shape.workers), produce_(produce), work_(work) {}

    void run_worker(unsigned worker) {
        while (std::optional<Item> item = next()) finish(std::move(*item), worker);
        std::lock_guard lock(mutex_);
        --running_;
        ready_.notify_one();
    }

    void run_consumer(const Consume& consume) {
        std::uint64_t number = 0;
        try {
            for (; std::optional<Out> out = take(number); ++number) consume(std::move(*out));
        } catch (...) {  // the caller's own thread: the workers have to end first
            fail(number, std::current_exception());
        }
    }

    void fail(std::uint64_t number, std::exception_ptr failure) {
        std::lock_guard lock(mutex_);
        failure_.keep(number, std::move(failure));
        room_.notify_all();
        ready_.notify_one();
    }

    void rethrow() const { failure_.rethrow(); }

private:
    struct Item {
        In in;
        std::uint64_t number;
    };

    /// The next item of the input; std::nullopt once it has ended or anything has failed.
    std::optional<Item> next() {
        std::lock_guard turn(turn_);
        if (!wait_for_room()) return std::nullopt;
        const std::uint64_t number = produced_;  // written by the thread whose turn it is only
        std::optional<In> in;
        try {
            in = produce_();
        } catch (...) {  // a thread's edge: carried to the caller
            fail(number, std::current_exception());
            return std::nullopt;
        }
        std::lock_guard lock(mutex_);
        if (!in) {
            ended_ = true;
            return std::nullopt;
        }
        ++produced_;
        return Item{std::move(*in), number};
    }

    bool wait_for_room() {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return stopping() || produced_ - consumed_ < window_; });
        return !stopping();
    }

    [[nodiscard]] bool stopping() const { return ended_ || failure_.item() != UINT64_MAX; }

    void finish(Item item, unsigned worker) {
        if (overtaken(item.number)) return;
        try {
            Out out = work_(std::move(item.in), worker);
            std::lock_guard lock(mutex_);
            done_.emplace(item.number, std::move(out));
            if (item.number == consumed_) ready_.notify_one();
        } catch (...) {  // a thread's edge: carried to the caller
            fail(item.number, std::current_exception());
        }
    }

    bool overtaken(std::uint64_t number) {
        std::lock_guard lock(mutex_);
        return number > failure_.item();
    }

    /// Result `number`, once all before it have been consumed; std::nullopt where there will be none.
    std::optional<Out> take(std::uint64_t number) {
        std::unique_lock lock(mutex_);
        consumed_ = number;
        room_.notify_all();
        ready_.wait(lock, [&] { return done_.contains(number) || running_ == 0 || failure_.item() <= number; });
        const auto found = done_.find(number);
        if (found == done_.end()) return std::nullopt;
        std::optional<Out> out = std::move(found->second);
        done_.erase(found);
        return out;
    }

    const std::size_t window_;
    std::mutex turn_;   // whose turn it is to produce; taken before mutex_
    std::mutex mutex_;  // guards all below
    std::condition_variable room_, ready_;
    std::map<std::uint64_t, Out> done_;
    std::uint64_t produced_ = 0, consumed_ = 0;
    unsigned running_;
    bool ended_ = false;
    FirstFailure failure_;
    const Produce& produce_;
    const Work& work_;
};

}  // namespace parallel_detail

/// produce -> work -> consume, with results consumed in the order in which their inputs were produced.
///
/// produce  called by one thread at a time, in turn; std::nullopt ends the input and is not called past; may block.
/// work     called concurrently; `worker` is below shape.workers (0 when inline) and not used twice at once.
/// consume  called on the calling thread only.
/// fails    with an exception of any of the three, as a run in order would: that of the earliest item, after all items
///          before it have been consumed and none after it. No new items are begun then; items in work are finished,
///          and a produce that blocks is waited for.
template <class In, class Out>
void ordered_pipeline(PipelineShape shape, const std::function<std::optional<In>()>& produce,
                      const std::function<Out(In&&, unsigned)>& work, const std::function<void(Out&&)>& consume) {
    if (shape.workers == 0) {
        while (std::optional<In> in = produce()) consume(work(std::move(*in), 0));
        return;
    }
    parallel_detail::Pipeline<In, Out> pipeline(shape, produce, work);
    parallel_detail::Crew crew;
    try {
        for (unsigned i = 0; i < shape.workers; ++i) crew.start([&pipeline, i] { pipeline.run_worker(i); });
        pipeline.run_consumer(consume);
    } catch (...) {  // too few threads: those that were started end before it is passed on
        pipeline.fail(0, std::current_exception());
    }
    crew.join();
    pipeline.rethrow();
}

}  // namespace ft
