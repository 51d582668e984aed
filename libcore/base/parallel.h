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
void parallel_for(unsigned workers, std::size_t count, const std::function<void(std::size_t)>& task);

namespace parallel_detail {
/// Threads that are joined, whatever happens, before the frame that made them goes.
class Crew {
public:
    ~Crew();
    void start(std::function<void()> body);
    void join();

private:
    std::vector<std::thread> threads_;
};
}  // namespace parallel_detail

/// produce -> work -> consume, with results consumed in the order in which their inputs were produced.
///
/// produce  called by one worker at a time; std::nullopt ends the input; may block (a pipe).
/// work     called concurrently; `worker` is below shape.workers (0 when inline) and not used twice at once.
/// consume  called on the calling thread only.
/// fails    with an exception of any of the three, that of the earliest item where several failed; no further calls are made once one has failed.
template <class In, class Out>
void ordered_pipeline(PipelineShape shape, const std::function<std::optional<In>()>& produce,
                      const std::function<Out(In&&, unsigned)>& work, const std::function<void(Out&&)>& consume) {
    if (shape.workers == 0) {
        while (std::optional<In> in = produce()) consume(work(std::move(*in), 0));
        return;
    }
    std::mutex produce_mutex;
    std::mutex mutex;  // guards everything below
    std::condition_variable room, ready;
    std::map<std::uint64_t, Out> done;
    std::uint64_t produced = 0, consumed = 0;
    unsigned running = shape.workers;
    bool ended = false;
    std::exception_ptr failure;
    std::uint64_t failed_item = UINT64_MAX;  // the earliest item's failure wins: later ones may only follow from it

    auto body = [&](unsigned worker) {
        std::uint64_t number = UINT64_MAX - 1;
        try {
            for (;;) {
                std::optional<In> in;
                {
                    std::lock_guard turn(produce_mutex);
                    {
                        std::unique_lock lock(mutex);
                        room.wait(lock, [&] { return failure || ended || produced - consumed < shape.window; });
                        if (failure || ended) break;
                    }
                    number = UINT64_MAX - 1;
                    in = produce();
                    std::lock_guard lock(mutex);
                    if (!in) {
                        ended = true;
                        break;
                    }
                    number = produced++;
                }
                Out out = work(std::move(*in), worker);
                std::lock_guard lock(mutex);
                done.emplace(number, std::move(out));
                if (number == consumed) ready.notify_one();
            }
        } catch (...) {  // a thread's edge: carried to the caller below
            std::lock_guard lock(mutex);
            if (!failure || number < failed_item) {
                failure = std::current_exception();
                failed_item = number;
            }
        }
        std::lock_guard lock(mutex);
        --running;
        room.notify_all();
        ready.notify_one();
    };

    parallel_detail::Crew crew;
    for (unsigned i = 0; i < shape.workers; ++i) crew.start([&body, i] { body(i); });
    try {
        for (;;) {
            std::unique_lock lock(mutex);
            ready.wait(lock, [&] { return failure || running == 0 || (!done.empty() && done.begin()->first == consumed); });
            if (failure || done.empty()) break;
            Out out = std::move(done.begin()->second);
            done.erase(done.begin());
            ++consumed;
            room.notify_all();
            lock.unlock();
            consume(std::move(out));
        }
    } catch (...) {  // the caller's own thread: let the workers end first
        std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        room.notify_all();
    }
    crew.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace ft
