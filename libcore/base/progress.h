// How far an operation is: counters that workers add to and a terminal reads. The only thing that looks up.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "libcore/base/failure.h"

namespace ft {

/// Thread-safe. total_* are 0 while unknown.
struct Progress {
    std::atomic<std::uint64_t> items{0};        ///< files, or chunks where there are no files
    std::atomic<std::uint64_t> bytes{0};        ///< bytes of content dealt with
    std::atomic<std::uint64_t> total_items{0};  ///< expected, e.g. what the previous checkpoint held
    std::atomic<std::uint64_t> total_bytes{0};
    std::atomic<bool> stop{false};  ///< set by SIGINT/SIGTERM: what runs ends with a Failure at its next step

    /// Called by the first step of all, where it is set: what takes none is over before anybody could wish to stop it.
    std::function<void()> at_first_step;
    mutable std::atomic<bool> has_begun{false};  ///< a step was taken

    /// For every loop over much, and before every wait: fails  where it was asked to stop.
    void step() const {
        if (!has_begun && !has_begun.exchange(true) && at_first_step) at_first_step();
        if (stop) throw Failure({.what = "stopped"});
    }
};

}  // namespace ft
