#include "tests/sim/log_history.h"

#include "libcore/base/failure.h"
#include "libcore/sim/chance.h"
#include "libcore/sim/disk.h"
#include "libcore/wal/log.h"

namespace ft::sim {

namespace {

using Records = std::vector<wal::Record>;
const Uuid owner{};

class Life {
public:
    Life(std::uint64_t seed, LogMistake mistake) : chance_(mix(seed, 1)), mistake_(mistake), disk_(seed) {
        disk_.abilities.unnamed = !chance_.one_in(4);
    }
    LogLived run();

private:
    void session();
    void plan_end();
    void cut_power();
    void work();
    std::unique_ptr<wal::Log> open(io::Dir& dir);
    void look(io::Dir& dir);
    void check_found(const Records& found);
    void append_some(wal::Log& log);
    [[nodiscard]] wal::Record record();
    [[nodiscard]] std::uint64_t file_size();
    void complain(const std::string& why) {
        if (complaint_.empty()) complaint_ = why + " in session " + std::to_string(process_);
    }

    Chance chance_;
    LogMistake mistake_;
    SimDisk disk_;
    bool made_ = false;             ///< acknowledged
    Records kept_;                  ///< acknowledged, or found by an opening
    std::vector<Records> perhaps_;  ///< batches after them that may be in
    std::size_t surely_ = 0;        ///< and how many of these are, as long as there is power
    ProcessId process_ = 0;
    std::uint64_t next_ = 0;
    std::string complaint_;
    LogBefell befell_;
};

LogLived Life::run() {
    for (std::uint64_t left = 2 + chance_.below(5); left > 0 && complaint_.empty(); --left) session();
    if (complaint_.empty()) {
        cut_power();
        ++process_;
        try {
            work();
        } catch (const Failure& failure) {
            complain(failure.what());
        }
    }
    return {complaint_, befell_};
}

void Life::plan_end() {
    const std::uint64_t kind = chance_.below(20), step = chance_.below(chance_.one_in(3) ? 8 : 30);
    const When when = static_cast<When>(chance_.below(3));
    if (kind < 11)
        disk_.cut_at(disk_.steps() + step, when);
    else if (kind < 15)
        disk_.kill_at(process_, step, when);
    else if (kind < 18)
        disk_.fail({.call = chance_.one_in(2) ? Call::sync : Call::write,
                    .skip = chance_.below(6),
                    .error = EIO,
                    .bytes = chance_.below(17) * 512});
}

void Life::cut_power() {
    disk_.power_cut(chance_.next());
    surely_ = 0;
}

std::uint64_t Life::file_size() {
    const std::optional<io::Stat> stat = disk_.root(process_)->stat("log");
    return stat ? stat->size : 0;
}

void Life::session() {
    ++process_;
    const std::uint64_t before = file_size();
    plan_end();
    try {
        work();
    } catch (const PowerCut&) {
        ++befell_.cuts;
        cut_power();
    } catch (const Killed&) {
        ++befell_.kills;
    } catch (const Failure& failure) {
        ++befell_.failures;
        surely_ = 0;  // a failed sync loses what was only written
        if (failure.exit() == Exit::damage) complain(failure.what());
    }
    disk_.clear_faults();
    disk_.cut_at(UINT64_MAX);
    ++process_;
    if (before != 0 && file_size() > before) ++befell_.grown;
    if (chance_.one_in(4)) cut_power();
}

void Life::work() {
    const std::unique_ptr<io::Dir> dir = mistaken(mistake_, disk_.root(process_));
    if (chance_.one_in(4)) look(*dir);
    if (const std::unique_ptr<wal::Log> log = open(*dir); log && complaint_.empty()) append_some(*log);
}

/// Who only looks sees what an opening would.
void Life::look(io::Dir& dir) {
    const std::optional<wal::Reading> reading = wal::read(dir, "log", owner);
    if (reading && reading->damaged) complain(*reading->damaged);
    if (reading && reading->torn) ++befell_.torn;
}

std::unique_ptr<wal::Log> Life::open(io::Dir& dir) {
    std::unique_ptr<wal::Log> log = wal::Log::find(dir, "log", owner);
    if (!log && made_) complain("the log is lost");
    if (!log) {
        if (!perhaps_.empty()) ++befell_.unmade;
        const Records first(chance_.below(3), record());
        perhaps_ = {first};
        surely_ = 0;
        log = wal::Log::create(dir, "log", disk_.clock(), owner, first, chance_.below(3) * 4096);
        if (!log) complain("a name that is not there is taken");
        kept_ = first;
        perhaps_.clear();
    } else {
        if (!log->try_lock()) complain("the log is locked by the dead");
        check_found(log->found());
    }
    made_ = true;
    return log;
}

void Life::check_found(const Records& found) {
    Records expected = kept_;
    for (std::size_t in = 0; in <= perhaps_.size(); ++in) {
        if (in > 0) expected.insert(expected.end(), perhaps_[in - 1].begin(), perhaps_[in - 1].end());
        if (in < surely_ || found != expected) continue;
        befell_.kept += in;
        befell_.undone += perhaps_.size() - in;
        kept_ = found;
        perhaps_.clear();
        surely_ = 0;
        return;
    }
    complain("other records than were acknowledged: " + std::to_string(found.size()) + " of " +
             std::to_string(kept_.size()));
}

wal::Record Life::record() {
    const std::uint64_t sizes[] = {0, 20, 400, 3000, 4000, 9000, 30'000};
    wal::Record record{.type = static_cast<std::uint8_t>(chance_.next()), .body = {}};
    record.body.resize(8 + sizes[chance_.below(std::size(sizes))], static_cast<std::byte>(next_));
    ++next_;
    for (std::size_t i = 0; i < 8; ++i) record.body[i] = static_cast<std::byte>(next_ >> (8 * i));
    return record;
}

void Life::append_some(wal::Log& log) {
    for (std::uint64_t left = chance_.one_in(3) ? 0 : chance_.below(6); left > 0; --left) {
        Records batch;
        for (std::uint64_t count = 1 + chance_.below(3); count > 0; --count) {
            batch.push_back(record());
            log.append(batch.back());
        }
        perhaps_.push_back(batch);
        if (chance_.one_in(4)) {
            log.write();
            surely_ = perhaps_.size();
        } else {
            log.sync();
            for (const Records& durable : perhaps_) kept_.insert(kept_.end(), durable.begin(), durable.end());
            perhaps_.clear();
            surely_ = 0;
        }
    }
}

}  // namespace

LogLived live_log(std::uint64_t seed, LogMistake mistake) { return Life(seed, mistake).run(); }

}  // namespace ft::sim
