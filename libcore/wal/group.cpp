#include "libcore/wal/group.h"

#include <utility>

namespace ft::wal {

void GroupLog::commit(std::vector<Record> records) {
    std::unique_lock lock(mutex_);
    for (Record& record : records) waiting_.push_back(std::move(record));
    const std::uint64_t mine = begun_;
    while (done_ < mine) {
        if (flushing_ && !failure_)
            flushed_.wait(lock);
        else
            flush(lock, true);
    }
}

void GroupLog::append(Record record) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(record));
}

void GroupLog::write() {
    std::unique_lock lock(mutex_);
    flushed_.wait(lock, [&] { return !flushing_ || failure_; });
    flush(lock, false);
}

std::size_t GroupLog::waiting() const {
    std::lock_guard lock(mutex_);
    return waiting_.size();
}

std::uint64_t GroupLog::size() const {
    std::lock_guard lock(mutex_);
    return size_;
}

std::uint64_t GroupLog::forced() const {
    std::lock_guard lock(mutex_);
    return forced_;
}

void GroupLog::flush(std::unique_lock<std::mutex>& lock, bool durably) {
    if (failure_) std::rethrow_exception(failure_);
    flushing_ = true;
    std::vector<Record> records = std::exchange(waiting_, {});
    const std::uint64_t number = begun_++;
    lock.unlock();
    try {
        for (Record& record : records) log_.append(std::move(record));
        durably ? log_.sync() : log_.write();
        lock.lock();
    } catch (...) {  // the others that wait for it have to know, too
        lock.lock();
        failure_ = std::current_exception();
        flushed_.notify_all();
        throw;
    }
    done_ = number;
    size_ = log_.size();
    if (durably) ++forced_;
    flushing_ = false;
    flushed_.notify_all();
}

}  // namespace ft::wal
