// The committed records of twophase-v1, as make.py there writes them, and what a story tells in its words.
#pragma once

#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/twophase/story.h"
#include "libcore/wal/log.h"

namespace ft::twophase {

using Records = std::vector<wal::Record>;

struct Case {
    std::string name, said;
    Records records;
};
[[nodiscard]] std::vector<Case> cases_of(const std::string& file);
[[nodiscard]] Records records_of(const std::string& file, const std::string& name);

/// All that a story tells.
[[nodiscard]] std::string told(const Story& story);

/// Stands still where make.py says.
class FixedClock final : public Clock {
public:
    Time now() override { return {1795428000, 250000000}; }
    Time file_clock() override { return now(); }
    std::chrono::nanoseconds monotonic() override { return {}; }
    void sleep(std::chrono::nanoseconds) override {}
    std::uint64_t random() override { return ++drawn_; }

private:
    std::uint64_t drawn_ = 0;
};

}  // namespace ft::twophase
