#include "libcore/wal/group.h"

#include <utility>

namespace ft::wal {

void GroupLog::commit(std::vector<Record> records) {
    Lock lock(mutex_);
    for (Record& record : records) waiting_.push_back(std::move(record));
    durably_ = true;
    const std::uint64_t mine = begun_;
    while (done_ < mine) {
        if (flushing_ && !failure_)
            ended(mine).wait(lock);
        else
            flush(lock);
    }
}

std::uint64_t GroupLog::append(Record record) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(record));
    return begun_;
}

bool GroupLog::is_durable(std::uint64_t flush) const {
    std::lock_guard lock(mutex_);
    return flush <= durable_;
}

void GroupLog::write() {
    Lock lock(mutex_);
    while (flushing_ && !failure_) ended(begun_).wait(lock);
    flush(lock);
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

void GroupLog::flush(Lock& lock) {
    if (failure_) std::rethrow_exception(failure_);
    flushing_ = true;
    const bool durably = std::exchange(durably_, false);
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
        for (std::condition_variable& each : ended_) each.notify_all();
        throw;
    }
    done_ = number;
    size_ = log_.size();
    if (durably) {
        ++forced_;
        durable_ = number;
    }
    flushing_ = false;
    ended(number).notify_all();      // who waited for it
    ended(number + 1).notify_one();  // who waits for the next one: somebody has to begin that
}

}  // namespace ft::wal
