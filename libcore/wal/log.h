// An append-only log in one file: records go in batches, a batch is durable as a whole or not at all, and what was
// acknowledged is a prefix that no power cut shortens.
//
// The file is made with room in zeros, so that an append neither grows it nor changes its name: one write and one flush
// of the disk. A batch is written only after all before it are durable; so a batch that does not read well is the torn
// end of the log, unless a good one follows: then the disk has lost what it had acknowledged, which is damage, never
// skipped. Layout in FORMAT.md.
//
//     Log log = *Log::create(dir, name, owner, first);       log.append(record);  log.sync();
//     std::unique_ptr<Log> log = Log::find(dir, name, owner);  for (const Record& r : log->found()) ...
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
    bool torn = false;                   ///< what follows is not zeros: an append that was cut
    std::optional<std::string> damaged;  ///< why: batches that had been durable cannot be read
    std::vector<Record> beyond;          ///< where damaged: the records of the good batches that follow
};

class Log {
public:
    /// A new log that holds `first`; it and its name are durable when it returns. nullptr where the name is taken.
    ///
    /// owner  what the log belongs to: a log that another owner's directory lends is refused.
    /// room   bytes of batches that can be appended before the file has to grow.
    [[nodiscard]] static std::unique_ptr<Log> create(io::Dir& dir, const std::string& name, Clock& clock,
                                                     const Uuid& owner, std::span<const Record> first,
                                                     std::uint64_t room);
    /// An existing log; nullptr where there is none, or one whose creation was cut (nothing in it was ever
    /// acknowledged). Nothing is written before the first append.
    ///
    /// fails  damage() where it is damaged, another's, or of a newer version.
    [[nodiscard]] static std::unique_ptr<Log> find(io::Dir& dir, const std::string& name, const Uuid& owner);

    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    /// The records that were there when it was opened or created.
    [[nodiscard]] const std::vector<Record>& found() const;
    /// Keeps a record for the next batch.
    void append(Record record);
    /// Writes what was appended; all of it is durable when it returns. Nothing where nothing was appended.
    ///
    /// fails  the log is then dead: it must be found anew, by this process or another, to know what it holds.
    void sync();
    /// Writes what was appended; it survives the process, and perhaps a loss of power. For the last batch of a log's
    /// life with this process.
    void write();

    /// flock(2), while this Log lives: false where another holds it.
    [[nodiscard]] bool try_lock();
    /// For lock_holder() and to see whether a name still means this file.
    [[nodiscard]] io::File& file();

private:
    struct State;
    explicit Log(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Reads a log as it stands, for those who look without a lock and for repair. std::nullopt where there is none or
/// where its creation was cut.
///
/// fails  damage() where its header cannot be read or is another owner's.
[[nodiscard]] std::optional<Reading> read(io::Dir& dir, const std::string& name, const Uuid& owner);
/// Ends a damaged log behind its last good batch before the damage, durably: what follows is lost for good.
void cut_short(io::Dir& dir, const std::string& name, const Uuid& owner);

}  // namespace ft::wal
