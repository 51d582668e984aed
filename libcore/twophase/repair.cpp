#include "libcore/twophase/repair.h"

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

constexpr std::uint64_t longest_journal = 1U << 30;  ///< bytes: wal/log.h

std::optional<Damaged> look_at(Home& home, std::uint64_t number) {
    const std::string where = io::join_path(home.journals().path(), name_of(number));
    Damaged damaged{.number = number};
    try {
        const std::optional<wal::Reading> reading = wal::read(home.journals(), name_of(number), home.coordinator());
        if (!reading) return std::nullopt;  // it has ended meanwhile
        damaged.before = story_of(reading->records, number, where);
        if (!reading->damaged) return std::nullopt;
        damaged.why = *reading->damaged;
        for (const wal::Record& record : reading->beyond) damaged.beyond.push_back(name_of(record));
    } catch (const Failure& failure) {  // one damaged journal is a finding, not the end of the search
        if (failure.exit() != Exit::damage) throw;
        damaged.why = failure.parts().why;
    }
    return damaged;
}

/// All that can be read of a ledger and makes sense without what is lost.
std::vector<wal::Record> salvaged(const wal::Reading& reading, LedgerStory& story) {
    std::vector<wal::Record> all = reading.records, kept;
    all.insert(all.end(), reading.beyond.begin(), reading.beyond.end());
    for (wal::Record& record : all) {
        LedgerStory more = story;
        try {
            add_record(more, record, kept.empty(), "");
        } catch (const Failure&) {  // it tells of what was lost
            continue;
        }
        story = std::move(more);
        kept.push_back(std::move(record));
    }
    return kept;
}

std::optional<Damaged> look_at_ledger(Home& home, std::uint64_t number) {
    Damaged damaged{.number = number, .is_ledger = true};
    try {
        const std::optional<wal::Reading> reading = wal::read(home.ledgers(), name_of(number), home.coordinator());
        if (!reading) return std::nullopt;  // it has ended meanwhile
        LedgerStory story{.number = number, .begun = {}};
        const std::size_t kept = salvaged(*reading, story).size();
        if (!reading->damaged && kept == reading->records.size()) return std::nullopt;
        if (kept > 0) damaged.ledger = std::move(story);
        damaged.why = reading->damaged.value_or("records that make no sense");
    } catch (const Failure& failure) {  // one damaged ledger is a finding, not the end of the search
        if (failure.exit() != Exit::damage) throw;
        damaged.why = failure.parts().why;
    }
    return damaged;
}

void keep_copy(Home& home, io::File& log, const std::string& name) {
    io::replace_file(home.lost(), name, io::read_whole(log, longest_journal), 0600);
}

/// Puts what can be read in the ledger's place.
void rewrite(Home& home, Clock& clock, const std::string& name, std::uint64_t number) {
    LedgerStory story{.number = number, .begun = {}};
    const auto reading = wal::read(home.ledgers(), name, home.coordinator());
    if (!reading) return;
    const std::string anew = name + ".repaired";
    home.ledgers().remove_file(anew);
    (void)wal::Log::create(home.ledgers(), anew, clock, home.coordinator(), salvaged(*reading, story), 0);
    home.ledgers().rename(anew, home.ledgers(), name);
    home.ledgers().sync();
}

/// That participants were asked may be among what was lost: they are told to abort rather than not told at all.
void assume_asked(Home& home, const Damaged& damaged) {
    if (damaged.before->parts.empty() || damaged.before->history.asked) return;
    const Journal::Opened opened = Journal::open(home.journals(), home.coordinator(), damaged.number);
    if (opened.journal) opened.journal->force({.kind = Milestone::Kind::asked});
}

/// Held by nobody else meanwhile.
std::unique_ptr<io::File> hold(io::Dir& dir, const std::string& name) {
    std::unique_ptr<io::File> log = dir.find_file(name, io::Access::read);
    if (log != nullptr && !log->try_lock(io::Lock::exclusive))
        throw Failure({.what = "cannot repair a transaction",
                       .where = name,
                       .why = "another process works on it",
                       .todo = "try again",
                       .exit = Exit::busy});
    return log;
}

void accept_loss_in_ledger(Home& home, Clock& clock, const Damaged& damaged) {
    const std::string name = name_of(damaged.number);
    const std::unique_ptr<io::File> ledger = hold(home.ledgers(), name);
    if (ledger == nullptr) return;
    keep_copy(home, *ledger, name);
    if (damaged.ledger) return rewrite(home, clock, name, damaged.number);
    home.ledgers().remove_file(name);
    home.ledgers().sync();
}

}  // namespace

std::vector<Damaged> find_damaged(Home& home) {
    std::vector<Damaged> all;
    for (const std::uint64_t number : home.numbers())
        if (std::optional<Damaged> damaged = look_at(home, number)) all.push_back(*std::move(damaged));
    for (const std::uint64_t number : home.ledger_numbers())
        if (std::optional<Damaged> damaged = look_at_ledger(home, number)) all.push_back(*std::move(damaged));
    return all;
}

void accept_loss(Home& home, Clock& clock, const Damaged& damaged) {
    if (damaged.is_ledger) return accept_loss_in_ledger(home, clock, damaged);
    const std::string name = name_of(damaged.number);
    std::unique_ptr<io::File> journal = hold(home.journals(), name);
    if (journal == nullptr) return;
    keep_copy(home, *journal, name);
    if (damaged.before) {
        wal::cut_short(home.journals(), name, home.coordinator());
        journal.reset();
        assume_asked(home, damaged);
    } else {
        home.journals().remove_file(name);
        home.journals().sync();
    }
}

}  // namespace ft::twophase
