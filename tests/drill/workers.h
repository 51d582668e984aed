// Processes that work until they are killed at a moment of chance, and what each had said before.
//
//     Workers workers(4);
//     workers.run([&](Saying& say, std::size_t worker) { for (;;) ... }, {}, std::chrono::microseconds(700));
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "libcore/base/clock.h"

namespace ft::drill {

/// In memory that outlives the worker, written by one at a time.
struct alignas(64) Saying {
    std::atomic<std::int64_t> begun;         ///< sum of the amounts of all adds that were begun
    std::atomic<std::int64_t> acknowledged;  ///< sum of those that were acknowledged: all but the last, or all
    std::atomic<std::uint64_t> done;         ///< how many were
    [[nodiscard]] std::int64_t pending() const { return begun - acknowledged; }
};

class Workers {
public:
    explicit Workers(std::size_t number);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Runs `work`, which does not end by itself, in a process for each worker, until all have begun; so long later the
    /// victim is killed, and as much later the others; all at once where there is no victim.
    /// fails  std::runtime_error where one ended otherwise.
    void run(const std::function<void(Saying&, std::size_t worker)>& work, std::optional<std::size_t> victim,
             std::chrono::nanoseconds after);
    [[nodiscard]] std::span<Saying> sayings() { return sayings_; }
    [[nodiscard]] std::uint64_t kills() const { return kills_; }

private:
    void end(pid_t child);
    SystemClock clock_;
    std::span<Saying> sayings_;
    std::uint64_t kills_ = 0;
};

}  // namespace ft::drill
