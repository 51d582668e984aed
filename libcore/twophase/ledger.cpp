#include "libcore/twophase/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "libcore/twophase/journal.h"
#include "libcore/twophase/spec.h"

namespace ft::twophase {

namespace {

constexpr std::uint64_t room = 1U << 20;       ///< bytes, at first
constexpr std::uint64_t long_log = 32U << 20;  ///< bytes
constexpr std::uint64_t last_sequence = (1U << sequence_bits) - 1;

enum class Type : std::uint8_t { begun = 32, place = 33, entry = 34, gone = 35 };

wal::Record record(Type type, Encoder& body) { return {.type = static_cast<std::uint8_t>(type), .body = body.take()}; }

wal::Record begun(Time now) {
    Encoder out;
    out.u64(static_cast<std::uint64_t>(now.s));
    out.u32(now.ns);
    return record(Type::begun, out);
}

wal::Record place_record(const Spec& place) {
    Encoder out;
    put(out, place);
    return record(Type::place, out);
}

std::uint32_t sequence_of(std::uint64_t number) { return static_cast<std::uint32_t>(number & last_sequence); }

wal::Record entry(std::uint64_t number, const wal::Record& what) {
    Encoder out;
    out.u32(sequence_of(number));
    out.u8(what.type);
    out.raw(what.body);
    return record(Type::entry, out);
}

wal::Record gone(std::uint64_t number) {
    Encoder out;
    out.u32(sequence_of(number));
    return record(Type::gone, out);
}

std::uint64_t take_number(Decoder& in, std::uint64_t ledger) {
    const std::uint32_t sequence = in.u32();
    if (sequence == 0 || sequence > last_sequence) in.fail("no transaction's number");
    return ledger | sequence;
}

void take_entry(LedgerStory& story, Decoder& in, std::string_view where) {
    const std::uint64_t number = take_number(in, story.number);
    const std::uint8_t type = in.u8();
    const View body = in.raw(in.left());
    const auto [at, first] = story.open.try_emplace(number, Story{.number = number, .begun = {}, .last = {}});
    add_record(at->second, {.type = type, .body = Bytes(body.begin(), body.end())}, first, where);
}

void take_begun(LedgerStory& story, Decoder& in) {
    story.begun.s = static_cast<std::int64_t>(in.u64());
    story.begun.ns = in.u32();
    if (story.begun.ns >= 1'000'000'000) in.fail("no time");
}

/// Without what only its prepare needs.
Spec remembered(Spec spec) {
    spec.fields.erase("sql");
    return spec;
}

}  // namespace

std::string branch_prefix(const Uuid& coordinator, std::uint64_t ledger) {
    const std::string id = Branch{.coordinator = coordinator, .journal = ledger}.id();
    return id.substr(0, id.rfind(name_of(ledger)) + 16 - sequence_bits / 4);
}

void add_record(LedgerStory& story, const wal::Record& record, bool first, std::string_view where) {
    Decoder in(record.body, where);
    if (first != (static_cast<Type>(record.type) == Type::begun)) in.fail("it does not begin as a ledger does");
    switch (static_cast<Type>(record.type)) {
        case Type::begun:
            take_begun(story, in);
            break;
        case Type::place:
            story.places.push_back(take_spec(in));
            break;
        case Type::entry:
            take_entry(story, in, where);
            break;
        case Type::gone:
            if (story.open.erase(take_number(in, story.number)) == 0) in.fail("the end of what has not begun");
            break;
        default:
            in.fail("a record of a kind that is not known");
    }
    in.end();
}

LedgerStory ledger_story_of(const std::vector<wal::Record>& records, std::uint64_t number, std::string_view where) {
    LedgerStory story{.number = number, .begun = {}};
    if (records.empty()) throw damage(where, "it does not begin as a ledger does");
    for (std::size_t i = 0; i < records.size(); ++i) add_record(story, records[i], i == 0, where);
    return story;
}

std::optional<LedgerStory> read_ledger(io::Dir& dir, const Uuid& coordinator, std::uint64_t number) {
    const std::string name = name_of(number), where = io::join_path(dir.path(), name);
    const std::optional<wal::Reading> reading = wal::read(dir, name, coordinator);
    if (!reading) return std::nullopt;
    if (reading->damaged) throw damage(where, *reading->damaged);
    return ledger_story_of(reading->records, number, where);
}

std::vector<wal::Record> Entry::records_with(const Milestone& milestone) const {
    if (is_recorded_) return {record_of(milestone)};
    Story story = story_;
    for (Spec& part : story.parts) part = remembered(std::move(part));
    std::vector<wal::Record> records = records_of(story);
    records.push_back(record_of(milestone));
    return records;
}

bool Entry::needs_no_record(const Milestone& milestone) const {
    if (!is_listed_ || is_recorded_) return false;
    if (milestone.kind == Milestone::Kind::asked) return true;
    if (milestone.kind != Milestone::Kind::commit) return false;
    const Tokens& tokens = milestone.tokens;
    const auto writes = [](const std::optional<std::string>& token) { return token.has_value(); };
    const auto writer = std::find_if(tokens.begin(), tokens.end(), writes);
    return std::count_if(tokens.begin(), tokens.end(), writes) == 1 &&
           may_commit_alone(story_.parts[static_cast<std::size_t>(writer - tokens.begin())]);
}

void Entry::force(const Milestone& milestone) {
    if (!needs_no_record(milestone)) {
        ledger_.commit(story_.number, records_with(milestone));
        is_recorded_ = true;
    }
    story_.history.add(milestone);
}

void Entry::note(const Milestone& milestone) {
    for (const wal::Record& record : records_with(milestone)) noted_ = ledger_.append(story_.number, record);
    is_recorded_ = true;
    story_.history.add(milestone);
}

bool Entry::is_durable() const { return ledger_.group_.is_durable(noted_); }

void Entry::remove(bool durably) { ledger_.end(story_.number, is_recorded_, durably); }

Ledger::Ledger(io::Dir& dir, std::unique_ptr<wal::Log> log, LedgerStory story)
    : dir_(dir), log_(std::move(log)), group_(*log_), story_(std::move(story)), begun_(story_.open.size()) {}

std::unique_ptr<Ledger> Ledger::create(io::Dir& dir, Clock& clock, const Uuid& coordinator) {
    LedgerStory story{.number = 0, .begun = clock.now()};
    for (;;) {
        story.number = ledger_of(clock.random());
        auto log = wal::Log::create(dir, name_of(story.number), clock, coordinator, {begun(story.begun)}, room);
        if (log != nullptr) return std::make_unique<Ledger>(dir, std::move(log), std::move(story));
    }
}

Ledger::Opened Ledger::open(io::Dir& dir, const Uuid& coordinator, std::uint64_t number) {
    const std::string name = name_of(number);
    std::unique_ptr<wal::Log> log = wal::Log::find(dir, name, coordinator);
    if (log == nullptr) return {};
    if (!log->try_lock()) return {.is_busy = true, .holder = io::lock_holder(log->file())};
    const std::optional<io::Stat> now = dir.stat(name);
    if (!now || now->ino != log->file().stat().ino) return {};  // removed while it was waited for
    LedgerStory story = ledger_story_of(log->found(), number, io::join_path(dir.path(), name));
    return {.ledger = std::make_unique<Ledger>(dir, std::move(log), std::move(story))};
}

bool Ledger::is_dead(io::Dir& dir, std::uint64_t number) {
    const std::unique_ptr<io::File> file = dir.find_file(name_of(number), io::Access::read);
    return file != nullptr && file->try_lock(io::Lock::shared);
}

void Ledger::know(const Spec& place) {
    const wal::Record record = place_record(place);
    const std::lock_guard lock(mutex_);
    const std::string key(text_of(record.body));
    if (known_.contains(key)) return;
    group_.commit({record});
    known_.insert(key);
}

std::unique_ptr<Entry> Ledger::begin(const std::vector<Spec>& parts, Time now, bool is_listed) {
    Story story{.begun = now, .last = now, .parts = parts};
    story.history.parts = static_cast<std::uint32_t>(parts.size());
    const std::lock_guard lock(mutex_);
    story.number = story_.number | ++begun_;
    return std::make_unique<Entry>(*this, std::move(story), is_listed, false);
}

std::unique_ptr<Entry> Ledger::resume(const Story& story) { return std::make_unique<Entry>(*this, story, false, true); }

void Ledger::give_journal(Entry& entry, io::Dir& journals, Clock& clock, const Uuid& coordinator) {
    Story story = entry.story_;
    for (Spec& part : story.parts) part = remembered(std::move(part));
    const std::unique_ptr<Journal> journal = Journal::create_as(journals, clock, coordinator, story);
    entry.remove(true);  // while the journal is held: else it could end, and the ledger would tell it all once more
}

bool Ledger::is_long() {
    const std::lock_guard lock(mutex_);
    return begun_ >= last_sequence || group_.size() > long_log;
}

bool Ledger::is_settled() {
    const std::lock_guard lock(mutex_);
    return begun_ == ended_;
}

void Ledger::remove() { dir_.remove_file(name_of(story_.number)); }

void Ledger::commit(std::uint64_t number, const std::vector<wal::Record>& records) {
    std::vector<wal::Record> wrapped;
    for (const wal::Record& one : records) wrapped.push_back(entry(number, one));
    group_.commit(std::move(wrapped));
}

std::uint64_t Ledger::append(std::uint64_t number, const wal::Record& record) {
    return group_.append(entry(number, record));
}

void Ledger::end(std::uint64_t number, bool recorded, bool durably) {
    if (recorded && durably) group_.commit({gone(number)});
    if (recorded && !durably) group_.append(gone(number));
    const std::lock_guard lock(mutex_);
    ++ended_;
}

}  // namespace ft::twophase
