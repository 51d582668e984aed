// An append-only log in one file: records go in batches, a batch is durable as a whole or not at all, and what was
// acknowledged is a prefix that no power cut shortens.
//
// The file is made with room in zeros, so that an append neither grows it nor changes its name: one write that is
// durable when it returns. A batch is written only after all before it are durable, onto zeros. So what follows the
// last good batch is zeros, or some sectors of one that was cut: the end of the log; or anything else: then the disk
// has lost or changed what it had acknowledged, which is damage, never skipped. Layout and cases in FORMAT.md.
//
// One process at a time works on a log: from create(), or from a try_lock() that said yes, until the Log goes.
//
//     std::unique_ptr<Log> log = Log::create(dir, name, clock, owner, first, room);  // locked
//     log->append(record);  log->sync();
//     std::unique_ptr<Log> log = Log::find(dir, name, owner);
//     if (log && log->try_lock()) for (const Record& r : log->found()) ...
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/clock.h"
#include "libcore/io/dir.h"

namespace ft::wal {

inline constexpr std::size_t longest_record = 16U << 20;  ///< bytes

struct Record {
    std::uint8_t type = 0;  ///< its writer's
    Bytes body;             ///< at most longest_record bytes
    bool operator==(const Record&) const = default;
};

/// What is in a log's file, however it stands.
struct Reading {
    std::vector<Record> records;         ///< of all batches before the first bad one, in order
    std::uint64_t end = 0;               ///< byte position behind them
    bool torn = false;                   ///< an append was cut there, or is under way
    std::optional<std::string> damaged;  ///< why: what had been durable is lost
    std::vector<Record> beyond;          ///< where damaged: the records of the good batches that follow
};

class Log {
public:
    /// A new log that holds `first`, locked; it and its name are durable when it returns. nullptr where the name is
    /// taken. Cut at any step it leaves no such name, or all of it (where the file system has no unnamed files,
    /// perhaps a hidden ".NAME.*.ft-new" too).
    ///
    /// owner  what the log belongs to: a log that another owner's folder lends is refused.
    /// room   bytes of batches that can be appended before the file has to grow; each batch takes whole blocks of 4096.
    /// At
    ///        most longest_record.
    [[nodiscard]] static std::unique_ptr<Log> create(io::Dir& dir, const std::string& name, Clock& clock,
                                                     const Uuid& owner, std::vector<Record> first, std::uint64_t room);
    /// An existing log; nullptr where there is none. To be locked next.
    ///
    /// dir    outlives the lock's coming.
    /// fails  damage() where it is another owner's or of a newer version, or its header cannot be read.
    [[nodiscard]] static std::unique_ptr<Log> find(io::Dir& dir, const std::string& name, const Uuid& owner);

    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    /// flock(2), while this Log lives: false where another holds it. Then reads what is there and makes it durable
    /// (what a killed process has written can be seen and yet be lost): found() may be acted upon. Nothing else is
    /// written before the first append. The name may have gone meanwhile: see file().
    ///
    /// fails  damage(): read() and cut_short() are for those.
    [[nodiscard]] bool try_lock();
    /// The records that were there when it was locked or created.
    [[nodiscard]] const std::vector<Record>& found() const;
    /// Keeps a record for the next batch.
    void append(Record record);
    /// Writes what was appended; all that was ever appended is durable when it returns. Costs nothing where it is.
    ///
    /// fails  the log is then dead: it must be found anew, by this process or another, to know what it holds.
    void sync();
    /// Writes what was appended: it survives the process, and perhaps a loss of power. For what need not be durable
    /// and is not followed by more: what is appended with the next sync() costs one flush more.
    void write();
    /// Bytes of the file that are used: where it is long, its user begins another. A log ends at 1 GiB.
    [[nodiscard]] std::uint64_t size() const;
    /// For lock_holder() and to see whether a name still means this file.
    [[nodiscard]] io::File& file();

    struct State;
    explicit Log(std::unique_ptr<State> state);

private:
    std::unique_ptr<State> state_;
};

/// Reads a log as it stands, without a lock, for those who only look and for repair. std::nullopt where there is none.
///
/// fails  damage() where it is another owner's or of a newer version, or its header cannot be read.
[[nodiscard]] std::optional<Reading> read(io::Dir& dir, const std::string& name, const Uuid& owner);
/// Ends a damaged log behind its last good batch before the damage, durably: what follows is lost for good. Cut at any
/// step, it can be done again. The caller sees to it that nobody works on the log.
void cut_short(io::Dir& dir, const std::string& name, const Uuid& owner);

}  // namespace ft::wal
