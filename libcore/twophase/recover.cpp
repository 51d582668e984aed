#include "libcore/twophase/recover.h"

#include <utility>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/twophase/recover_ledger.h"

namespace ft::twophase {

namespace {

/// Whether it is for others to say what becomes of it, or to come back to it.
bool waits(const Story& story, Time now) {
    if (story.is_witness() && (story.history.decision == Decision::none || story.history.ended || story.is_tombstone()))
        return true;  // for the other coordinator
    const bool undecided = story.history.decision == Decision::none && (!story.history.asked || story.history.prepared);
    return undecided && now.s - story.last.s < story.deadline.count();
}

}  // namespace

Recovered::Kind kind_of(const Report& report) {
    if (report.complete) return Recovered::Kind::settled;
    for (const PartReport& part : report.parts)
        if (part.standing == Standing::broken) return Recovered::Kind::broken;
    return Recovered::Kind::left;
}

namespace {

Recovered recover_held(Home& home, Journal& journal, const Makers& makers, Clock& clock, const Progress& progress,
                       const Pace& pace) {
    Recovered recovered{.number = journal.story().number};
    home.unmark(journal.story().number);
    if (journal.story().parts.empty()) {  // begun, and nothing more
        journal.remove(false);
        recovered.report = {
            .number = recovered.number, .phase = Phase::ended, .decision = Decision::abort, .complete = true};
        return recovered;
    }
    Coordinator coordinator(journal, makers(journal.story()), clock, progress, pace);
    recovered.report = coordinator.recover();
    recovered.kind = kind_of(recovered.report);
    recovered.why = recovered.report.why;
    return recovered;
}

}  // namespace

Recovered recover_one(Home& home, std::uint64_t number, const Makers& makers, Clock& clock, const Progress& progress,
                      const Pace& pace) {
    try {
        // A glance first: to hold what waits, be it for a moment, would be in the way of its next command.
        const std::optional<Story> story = read_story(home.journals(), home.coordinator(), number);
        if (story && (waits(*story, clock.now()) || home.is_at_work(number)))
            return {.number = number, .kind = Recovered::Kind::waiting};
        if (home.is_in_dead_ledger(number))
            return {.number = number, .kind = Recovered::Kind::left, .why = "it is still in a ledger, too"};
        const Journal::Opened opened = Journal::open(home.journals(), home.coordinator(), number);
        if (opened.found == Journal::Found::missing) return {.number = number, .kind = Recovered::Kind::gone};
        if (opened.found == Journal::Found::busy)
            return {.number = number, .kind = Recovered::Kind::live, .why = opened.holder};
        if (waits(opened.journal->story(), clock.now()) || home.is_at_work(number))
            return {.number = number, .kind = Recovered::Kind::waiting};
        return recover_held(home, *opened.journal, makers, clock, progress, pace);
    } catch (const Failure& failure) {  // one transaction's trouble is not another's
        const auto kind = failure.exit() == Exit::damage ? Recovered::Kind::damaged : Recovered::Kind::left;
        return {.number = number, .kind = kind, .why = failure.what()};
    }
}

std::vector<Recovered> recover_all(Home& home, const Makers& makers, const Places& places, Clock& clock,
                                   const Progress& progress, const Pace& pace, unsigned at_once) {
    home.remove_stray_marks();
    std::vector<Recovered> all;  // ledgers first: who has left one for a journal of its own is still in both
    for (const std::uint64_t ledger : home.ledger_numbers())
        for (Recovered& one : recover_ledger(home, ledger, makers, places, clock, progress, pace, at_once))
            all.push_back(std::move(one));
    const std::vector<std::uint64_t> numbers = home.numbers();
    const std::size_t before = all.size();
    all.resize(before + numbers.size());
    parallel_for(at_once, numbers.size(), [&](std::size_t i) {
        progress.step();
        all[before + i] = recover_one(home, numbers[i], makers, clock, progress, pace);
    });
    return all;
}

}  // namespace ft::twophase
