// What the segment remembers of its file: what was last made durable, and when.
#pragma once

#include <chrono>
#include <cstdint>

#include "libcore/base/clock.h"
#include "libcore/shm/segment.h"

namespace ft::shm {

struct FlushRecord {
    std::int64_t value = 0;
    std::uint64_t keyed = 0;
    std::chrono::nanoseconds monotonic{};  ///< of the machine: the same clock in all its processes
    Time at;
};

[[nodiscard]] Flushed::Words words_of(const FlushRecord& record);

/// Takes the lock of flushes where others write it all the time. fails  damage().
[[nodiscard]] FlushRecord flush_record(Segment& segment, Clock& clock);

/// Under the lock of flushes. fails  damage().
void put_flush_record(Segment& segment, const FlushRecord& record);

}  // namespace ft::shm
