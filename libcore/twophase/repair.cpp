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

void keep_copy(Home& home, io::File& journal, const std::string& name) {
    io::replace_file(home.lost(), name, io::read_whole(journal, longest_journal), 0600);
}

/// That participants were asked may be among what was lost: they are told to abort rather than not told at all.
void assume_asked(Home& home, const Damaged& damaged) {
    if (damaged.before->parts.empty() || damaged.before->history.asked) return;
    const Journal::Opened opened = Journal::open(home.journals(), home.coordinator(), damaged.number);
    if (opened.journal) opened.journal->force({.kind = Milestone::Kind::asked});
}

}  // namespace

std::vector<Damaged> find_damaged(Home& home) {
    std::vector<Damaged> all;
    for (const std::uint64_t number : home.numbers())
        if (std::optional<Damaged> damaged = look_at(home, number)) all.push_back(*std::move(damaged));
    return all;
}

void accept_loss(Home& home, const Damaged& damaged) {
    const std::string name = name_of(damaged.number);
    std::unique_ptr<io::File> journal = home.journals().find_file(name, io::Access::read);
    if (journal == nullptr) return;
    if (!journal->try_lock(io::Lock::exclusive))
        throw Failure({.what = "cannot repair a transaction",
                       .where = name,
                       .why = "another process works on it",
                       .todo = "try again",
                       .exit = Exit::busy});
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
