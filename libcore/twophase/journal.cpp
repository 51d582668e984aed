#include "libcore/twophase/journal.h"

#include <fmt/format.h>

#include <utility>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"

namespace ft::twophase {

namespace {

constexpr std::uint64_t room = 8192;  ///< bytes: milestones of a transaction of a few dozen participants

}  // namespace

Journal::Journal(io::Dir& dir, std::unique_ptr<wal::Log> log, Story story)
    : dir_(&dir), log_(std::move(log)), story_(std::move(story)) {}

Journal Journal::create(io::Dir& dir, Clock& clock, const Uuid& coordinator, std::chrono::seconds deadline,
                        const std::vector<Spec>& parts, bool asked) {
    Story story{.begun = clock.now(), .deadline = deadline, .last = {}, .parts = parts};
    story.last = story.begun;
    story.history = {.parts = static_cast<std::uint32_t>(parts.size()), .asked = asked};
    for (;;) {
        story.number = clock.random();
        if (std::unique_ptr<Journal> journal = create_as(dir, clock, coordinator, story)) {  // else it is taken
            journal->begin_anew(asked);
            return std::move(*journal);
        }
    }
}

std::unique_ptr<Journal> Journal::create_as(io::Dir& dir, Clock& clock, const Uuid& coordinator, const Story& story) {
    std::unique_ptr<wal::Log> log =
        wal::Log::create(dir, name_of(story.number), clock, coordinator, records_of(story), room);
    if (log == nullptr) return nullptr;
    return std::make_unique<Journal>(Journal(dir, std::move(log), story));
}

void Journal::begin_anew(bool asked) {
    story_.history.asked = false;
    asked_ = asked;
}

std::uint64_t Journal::number_for(const std::string& upstream) { return checksum_of(view_of(upstream)); }

std::unique_ptr<Journal> Journal::create_for(io::Dir& dir, Clock& clock, const Uuid& coordinator,
                                             const std::string& upstream, const std::vector<Spec>& parts,
                                             Milestone::Kind kind) {
    Story story{.number = number_for(upstream),
                .begun = clock.now(),
                .last = {},
                .parts = parts,
                .history = {.parts = static_cast<std::uint32_t>(parts.size())},
                .upstream = upstream};
    story.last = story.begun;
    story.history.add({.kind = kind});
    std::unique_ptr<Journal> journal = create_as(dir, clock, coordinator, story);
    if (journal) journal->begin_anew(kind == Milestone::Kind::asked);
    return journal;
}

Journal::Opened Journal::open(io::Dir& dir, const Uuid& coordinator, std::uint64_t number) {
    const std::string name = name_of(number);
    std::unique_ptr<wal::Log> log = wal::Log::find(dir, name, coordinator);
    if (log == nullptr) return {};
    if (!log->try_lock()) return {.found = Found::busy, .holder = io::lock_holder(log->file())};
    const std::optional<io::Stat> now = dir.stat(name);
    if (!now || now->ino != log->file().stat().ino) return {};  // removed while it was waited for
    Story story = story_of(log->found(), number, io::join_path(dir.path(), name));
    return {.found = Found::held, .journal = std::make_unique<Journal>(Journal(dir, std::move(log), std::move(story)))};
}

void Journal::add(const std::vector<Spec>& parts, Time now) {
    touch(now);
    for (const Spec& part : parts) {
        log_->append(record_of(part));
        story_.parts.push_back(part);
    }
    story_.history.parts = static_cast<std::uint32_t>(story_.parts.size());
    log_->sync();
}

void Journal::force(const Milestone& milestone) {
    if (milestone.kind != Milestone::Kind::asked || !std::exchange(asked_, false)) {
        log_->append(record_of(milestone));
        log_->sync();
    }
    story_.history.add(milestone);
}

void Journal::note(const Milestone& milestone) {
    log_->append(record_of(milestone));
    log_->write();
    story_.history.add(milestone);
}

void Journal::resolve(const Resolution& resolution) {
    log_->append(record_of(resolution));
    log_->sync();
    story_.resolution = resolution;
}

void Journal::touch(Time now) {
    log_->append(touched_record(now));
    story_.last = now;
}

void Journal::remove(bool durably) {
    dir_->remove_file(name_of(story_.number));
    if (durably) dir_->sync();
}

std::optional<Story> read_story(io::Dir& dir, const Uuid& coordinator, std::uint64_t number) {
    const std::string name = name_of(number), where = io::join_path(dir.path(), name);
    const std::optional<wal::Reading> reading = wal::read(dir, name, coordinator);
    if (!reading) return std::nullopt;
    if (reading->damaged) throw damage(where, *reading->damaged);
    return story_of(reading->records, number, where);
}

}  // namespace ft::twophase
