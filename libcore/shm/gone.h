// A counter that was removed while others have it open: they are told, and nothing is acknowledged into nowhere.
#pragma once

#include "libcore/base/failure.h"
#include "libcore/shm/segment.h"

namespace ft::shm {

[[noreturn, gnu::cold]] inline void fail_as_gone(const Segment& segment) {
    throw Failure({.what = "cannot count",
                   .where = segment.name(),
                   .why = "the counter was removed",
                   .todo = "nothing was counted",
                   .exit = Exit::no});
}

inline void need_present(Segment& segment) {
    if (segment.control().gone.load(std::memory_order_acquire) != 0) [[unlikely]]
        fail_as_gone(segment);
}

}  // namespace ft::shm
