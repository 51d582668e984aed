// Which checkpoints a policy keeps: the newest of each of the last N hours (days, weeks, months) that have one, as
// restic's --keep-* do.
#include <algorithm>
#include <ctime>
#include <set>

#include "libcore/ckpt/verbs.h"

namespace ft::ckpt {
namespace {

struct Period {
    const char* reason;
    const char* format;  ///< strftime: equal text is the same period (local time)
    std::uint64_t count;
};

std::string period_of(Time time, const char* format) {
    const std::time_t seconds = time.s;
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[64];
    return {text, std::strftime(text, sizeof text, format, &local)};
}

void give_reason(Kept& kept, const char* reason) {
    kept.reason += (kept.reason.empty() ? "" : ", ") + std::string(reason);
}

/// Newest first: the first one seen of each of the first `count` periods.
void keep_periods(std::vector<Kept>& kept, const std::vector<Candidate>& candidates, const Period& period) {
    std::set<std::string> seen;
    for (std::size_t i = candidates.size(); i-- > 0 && seen.size() < period.count;)
        if (!candidates[i].incomplete && seen.insert(period_of(candidates[i].finished, period.format)).second)
            give_reason(kept[i], period.reason);
}

}  // namespace

std::vector<Kept> choose(const std::vector<Candidate>& candidates, const PrunePolicy& policy) {
    std::vector<Kept> kept;
    for (const Candidate& candidate : candidates) kept.push_back({candidate.id, candidate.pinned ? "pinned" : ""});
    std::uint64_t last = 0;
    for (std::size_t i = candidates.size(); i-- > 0 && last < policy.keep_last;) {
        if (candidates[i].incomplete) continue;
        give_reason(kept[i], "last");
        ++last;
    }
    if (policy.keep_within && !candidates.empty()) {
        Time newest = candidates.front().finished;
        for (const Candidate& candidate : candidates) newest = std::max(newest, candidate.finished);
        for (std::size_t i = 0; i < candidates.size(); ++i)
            if (candidates[i].finished.s + policy.keep_within->count() >= newest.s) give_reason(kept[i], "within");
    }
    for (const Period& period :
         {Period{"hourly", "%Y-%m-%d %H", policy.keep_hourly}, Period{"daily", "%Y-%m-%d", policy.keep_daily},
          Period{"weekly", "%G-%V", policy.keep_weekly}, Period{"monthly", "%Y-%m", policy.keep_monthly}})
        keep_periods(kept, candidates, period);
    return kept;
}

}  // namespace ft::ckpt
