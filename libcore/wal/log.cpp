#include "libcore/wal/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/wal/scan.h"

namespace ft::wal {

namespace {

constexpr std::uint64_t growth_limit = (16U << 20) / block_size;  ///< blocks by which a file grows at once, but for
                                                                  ///< longer batches

void write_zeros(io::File& file, std::uint64_t from, std::uint64_t to) {
    const std::vector<Block> zeros(std::min<std::uint64_t>(to - std::min(from, to), 256));
    while (from < to) {
        const std::uint64_t count = std::min<std::uint64_t>(to - from, zeros.size());
        file.write_at(bytes_of(std::span(zeros).first(count)), from * block_size);
        from += count;
    }
}

/// A new file that nobody sees until it is whole and gets its name.
class NewFile {
public:
    NewFile(io::Dir& dir, const std::string& name, Clock& clock)
        : dir_(dir), name_(name), file_(dir.create_unnamed(0600)) {
        if (file_) return;
        hidden_ = fmt::format(".{}.{:016x}.ft-new", name, clock.random());
        file_ = dir.create_file(hidden_, 0600);
        if (!file_) throw system_failure("cannot make", io::join_path(dir.path(), hidden_), EEXIST);
    }
    [[nodiscard]] io::File& file() { return *file_; }
    /// Durably; nullptr where the name is taken.
    [[nodiscard]] std::unique_ptr<io::File> publish() {
        const bool free = hidden_.empty() ? dir_.publish(*file_, name_) : dir_.rename_new(hidden_, dir_, name_);
        if (!free && !hidden_.empty()) dir_.remove_file(hidden_);
        if (!free) return nullptr;
        dir_.sync();
        return std::move(file_);
    }

private:
    io::Dir& dir_;
    const std::string& name_;
    std::unique_ptr<io::File> file_;
    std::string hidden_;  ///< where the file system has no unnamed files
};

/// What makes it sure that a log belongs to its owner, without reading all of it.
Header header_of(io::File& file, const Uuid& owner) {
    std::vector<Block> block(1);
    if (file.read_at(std::as_writable_bytes(std::span(block)), 0) < block_size)
        throw damage(file.path(), "too short for a log");
    return scan(block, file.path(), owner).header;
}

/// Where batches are written meanwhile, one can be seen that follows on another which was not there yet when its place
/// was read. That one is there the second time: damage is what is found twice.
Scan scan_beside_writer(io::File& file, const Uuid& owner) {
    constexpr int most_readings = 100;
    Scan found = scan(read_blocks(file), file.path(), owner);
    for (int i = 1; found.why && i < most_readings; ++i) {
        Scan again = scan(read_blocks(file), file.path(), owner);
        const bool same = again.why == found.why && again.end == found.end;
        found = std::move(again);
        if (same) break;
    }
    return found;
}

}  // namespace

struct Log::State {
    Scan at;                           ///< its records are found()
    std::unique_ptr<io::File> holder;  ///< of the lock, where that is not `file`
    std::unique_ptr<io::File> file;    ///< past the caches
    io::Dir* dir = nullptr;            ///< of a log that was found
    std::vector<Record> waiting;
    bool locked = false, unsynced = false, dead = false;

    void put(bool durably);
    void settle();
    void clean_torn_end();
    void make_room(std::uint64_t blocks);
    void write_batch(std::vector<Record> records, std::uint64_t room, bool durably);
};

/// Writes what waits; the log is dead unless all goes well.
void Log::State::put(bool durably) {
    check(locked, "a log is locked before it is written");
    if (waiting.empty() && !(durably && unsynced)) return;
    if (dead)
        throw Failure(
            {.what = "cannot append to the log", .where = file->path(), .why = "an earlier write has failed"});
    dead = true;
    settle();
    if (!waiting.empty()) {
        clean_torn_end();
        make_room(blocks_for(waiting));
        write_batch(std::exchange(waiting, {}), at.room, durably);
    }
    dead = false;
}

/// All that is in the file is durable.
void Log::State::settle() {
    if (unsynced) file->sync();
    unsynced = false;
}

/// A batch is written onto zeros only: else sectors of two that were cut could be taken for one.
void Log::State::clean_torn_end() {
    if (at.torn_end == 0) return;
    const std::vector<Block> zeros(at.torn_end - at.end);
    file->write_durably(bytes_of(zeros), at.end * block_size);
    at.torn_end = 0;
}

/// There is room for so many blocks, and always for one more: the batch that tells how far the file has grown.
void Log::State::make_room(std::uint64_t blocks) {
    if (at.end + blocks < at.room) return;
    const std::uint64_t room = at.room + std::max(blocks + 1, std::min(at.room, growth_limit));
    if (room > most_blocks)
        throw Failure(
            {.what = "cannot append to the log", .where = file->path(), .why = "it would be longer than 1 GiB"});
    write_zeros(*file, at.room, room);
    file->sync();
    write_batch({}, room, true);
}

void Log::State::write_batch(std::vector<Record> records, std::uint64_t room, bool durably) {
    const Batch batch{.sequence = at.sequence, .room = room, .records = std::move(records)};
    const std::vector<Block> blocks = seal(batch, at.end, at.header.salt());
    const std::uint64_t offset = at.end * block_size;
    if (durably)
        file->write_durably(bytes_of(blocks), offset);
    else
        file->write_at(bytes_of(blocks), offset);
    unsynced = !durably;
    at.end += blocks.size();
    at.room = room;
    ++at.sequence;
}

std::unique_ptr<Log> Log::create(io::Dir& dir, const std::string& name, Clock& clock, const Uuid& owner,
                                 std::vector<Record> first, std::uint64_t room) {
    check(room <= longest_record, "the room of a new log is no more than a long record");
    const std::uint64_t used = 1 + blocks_for(first), more = (room + block_size - 1) / block_size;
    auto state = std::make_unique<State>();
    state->at.header = {.log = clock.random_uuid(), .owner = owner, .blocks = used + more + 1};
    state->at.room = state->at.header.blocks;
    NewFile made(dir, name, clock);
    if (!made.file().try_lock(io::Lock::exclusive))
        throw system_failure("cannot lock", made.file().path(), EWOULDBLOCK);
    std::vector<Block> content =
        seal({.sequence = 1, .room = state->at.room, .records = first}, 1, state->at.header.salt());
    content.insert(content.begin(), encode(state->at.header));
    made.file().write_at(bytes_of(content), 0);
    write_zeros(made.file(), used, state->at.room);
    made.file().sync();
    state->holder = made.publish();
    if (!state->holder) return nullptr;
    state->file = io::open_file(dir, name, io::Access::direct);
    state->at.take({.sequence = 1, .room = state->at.room, .records = std::move(first)}, used - 1);
    state->locked = true;
    return std::make_unique<Log>(std::move(state));
}

std::unique_ptr<Log> Log::find(io::Dir& dir, const std::string& name, const Uuid& owner) {
    auto state = std::make_unique<State>();
    state->file = dir.find_file(name, io::Access::direct);
    if (!state->file) return nullptr;
    state->at.header = header_of(*state->file, owner);
    state->dir = &dir;
    return std::make_unique<Log>(std::move(state));
}

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

bool Log::try_lock() {
    if (state_->locked) return true;
    if (!file().try_lock(io::Lock::exclusive)) return false;
    state_->at = scan(read_blocks(file()), file().path(), state_->at.header.owner);
    if (state_->at.why) throw damage(file().path(), *state_->at.why);
    file().sync();
    // Who appends has made the name durable before; its maker may have been killed between the two.
    if (state_->at.sequence <= 2) state_->dir->sync();
    state_->locked = true;
    return true;
}

const std::vector<Record>& Log::found() const { return state_->at.records; }

void Log::append(Record record) {
    if (record.body.size() > longest_record)
        throw Failure(
            {.what = "cannot append to the log", .where = file().path(), .why = "a record of more than 16 MiB"});
    state_->waiting.push_back(std::move(record));
}

void Log::sync() { state_->put(true); }
void Log::write() { state_->put(false); }
std::uint64_t Log::size() const { return state_->at.end * block_size; }
io::File& Log::file() { return state_->holder ? *state_->holder : *state_->file; }

std::optional<Reading> read(io::Dir& dir, const std::string& name, const Uuid& owner) {
    const std::unique_ptr<io::File> file = dir.find_file(name, io::Access::direct);
    if (!file) return std::nullopt;
    Scan found = scan_beside_writer(*file, owner);
    return Reading{.records = std::move(found.records),
                   .end = found.end * block_size,
                   .torn = found.torn_end != 0,
                   .damaged = std::move(found.why),
                   .beyond = std::move(found.beyond)};
}

void cut_short(io::Dir& dir, const std::string& name, const Uuid& owner) {
    const std::unique_ptr<io::File> file = io::open_file(dir, name, io::Access::direct);
    const std::vector<Block> blocks = read_blocks(*file);
    const Scan found = scan(blocks, file->path(), owner);
    write_zeros(*file, found.end, std::max<std::uint64_t>(found.room, blocks.size()));
    file->sync();
}

}  // namespace ft::wal
