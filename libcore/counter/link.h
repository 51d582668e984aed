// A coordinator's line to one replica: it asks without waiting, and looks later for the answer.
//
// Two kinds: inline ones, which do what they are asked on the caller's thread when it looks for the answer, and
// threaded ones, so that replicas on several disks and hosts work side by side and a slow one holds up nobody.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "libcore/base/parallel.h"
#include "libcore/counter/replica.h"

namespace ft::counter {

/// Rings when some link has an answer.
class Bell {
public:
    void ring();
    /// Waits until `done` holds, which is asked after each ring. false where it does not by then.
    [[nodiscard]] bool wait(std::chrono::nanoseconds at_most, const std::function<bool()>& done);

private:
    std::mutex mutex_;
    std::condition_variable rung_;
    std::uint64_t rings_ = 0;
};

class Link {
public:
    virtual ~Link() = default;
    /// Not while an answer is awaited.
    virtual void ask(Request request) = 0;
    /// The answer, once; std::nullopt while there is none.
    [[nodiscard]] virtual std::optional<Reply> take() = 0;
    /// The file behind it where it is one of this machine, else null. Not to be touched while an answer is awaited.
    [[nodiscard]] virtual LocalReplica* local() = 0;
};

/// local  the same object, where it is one.
[[nodiscard]] std::unique_ptr<Link> inline_link(std::unique_ptr<Replica> replica, LocalReplica* local);
[[nodiscard]] std::unique_ptr<Link> threaded_link(std::unique_ptr<Replica> replica, LocalReplica* local, Bell& bell);

}  // namespace ft::counter
