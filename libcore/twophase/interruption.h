// For participants that wait where a Progress can stop them: an interruption ends the call that it came for, not the
// next one.
#pragma once

#include "libcore/base/progress.h"

namespace ft::twophase {

/// Lives as long as the call.
class EndOfInterruption {
public:
    explicit EndOfInterruption(Progress& progress) : progress_(progress) {}
    EndOfInterruption(const EndOfInterruption&) = delete;
    EndOfInterruption& operator=(const EndOfInterruption&) = delete;
    ~EndOfInterruption() { progress_.stop = false; }

private:
    Progress& progress_;
};

}  // namespace ft::twophase
