// How far an operation is: counters that workers add to and a terminal reads. The only thing that looks up.
#pragma once

#include <atomic>
#include <cstdint>

#include "libcore/base/failure.h"

namespace ft {

/// Thread-safe. total_* are 0 while unknown.
struct Progress {
    std::atomic<std::uint64_t> items{0};        ///< files, or chunks where there are no files
    std::atomic<std::uint64_t> bytes{0};        ///< bytes of content dealt with
    std::atomic<std::uint64_t> total_items{0};  ///< expected, e.g. what the previous checkpoint held
    std::atomic<std::uint64_t> total_bytes{0};
    std::atomic<bool> stop{false};  ///< set by SIGINT/SIGTERM: what runs ends with a Failure at its next step

    /// For every loop over much: fails  where it was asked to stop.
    void step() const {
        if (stop) throw Failure({.what = "stopped"});
    }
};

}  // namespace ft
