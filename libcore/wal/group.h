// Group commit: many threads append to one log and wait; one of those that wait writes and flushes for all of them.
//
// Which one: who comes while nobody flushes. What comes during a flush goes with the next: so with many at work a flush
// is shared by as many as came in the time of one, without anybody waiting for company.
//
//     GroupLog group(*log);
//     group.append(end_of(transaction));      // need not be durable: goes with whatever is flushed next
//     group.commit({decision});               // durable when it returns
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <vector>

#include "libcore/wal/log.h"

namespace ft::wal {

/// Thread-safe.
class GroupLog {
public:
    /// log   locked; outlives this, and is used by nobody else.
    explicit GroupLog(Log& log) : log_(log) {}
    GroupLog(const GroupLog&) = delete;
    GroupLog& operator=(const GroupLog&) = delete;

    /// Appends these, one after the other, in one batch, and returns when they are durable, with all that was appended
    /// before.
    ///
    /// fails  as Log::sync, in each thread whose records were in the flush that failed, and in all that come later.
    void commit(std::vector<Record> records);
    /// Keeps a record for the next flush.
    ///
    /// returns  that flush's number, for is_durable().
    std::uint64_t append(Record record);
    /// Whether what went with this flush would survive a loss of power.
    [[nodiscard]] bool is_durable(std::uint64_t flush) const;
    /// What was appended survives this process, and perhaps a loss of power.
    void write();
    /// Records that wait for the next flush.
    [[nodiscard]] std::size_t waiting() const;
    /// Log::size(), as it was after the last flush.
    [[nodiscard]] std::uint64_t size() const;
    /// How often it has waited for the disk.
    [[nodiscard]] std::uint64_t forced() const;

private:
    using Lock = std::unique_lock<std::mutex>;
    /// Writes what waits, durably where somebody waits for that. lock: held when it begins and when it ends.
    void flush(Lock& lock);
    [[nodiscard]] std::condition_variable& ended(std::uint64_t flush) { return ended_[flush % 2]; }

    Log& log_;
    mutable std::mutex mutex_;          // guards all below; log_ belongs to the thread that has set flushing_
    std::condition_variable ended_[2];  ///< where the end of a flush is waited for, by its number: even, odd
    std::vector<Record> waiting_;
    bool durably_ = false;       ///< what waits was committed, at least one of it
    std::uint64_t begun_ = 1;    ///< number of the next flush: with which goes what waits
    std::uint64_t done_ = 0;     ///< flushes that have ended
    std::uint64_t durable_ = 0;  ///< the last one of them that waited for the disk
    std::uint64_t size_ = 0, forced_ = 0;
    bool flushing_ = false;
    std::exception_ptr failure_;
};

}  // namespace ft::wal
