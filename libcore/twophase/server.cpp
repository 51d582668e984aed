#include "libcore/twophase/server.h"

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/twophase/spec.h"

namespace ft::twophase {

namespace {

constexpr unsigned most_threads = 1024;  ///< of participants that are asked at once, of all transactions
constexpr std::size_t most_ended = 128;  ///< that wait for others' flushes

}  // namespace

Server::Server(Home& home, Makers makers, Clock& clock, const Progress& progress, const Pace& pace)
    : home_(home), makers_(std::move(makers)), clock_(clock), progress_(progress), hands_(most_threads), pace_(pace) {
    pace_.hands = &hands_;
}

Report Server::run(const std::vector<Spec>& parts) {
    const Place place = enter();
    try {
        Report report = run_in(place, parts);
        leave(place);
        return report;
    } catch (...) {  // it is in use no more, whatever happened
        leave(place);
        throw;
    }
}

Report Server::run_in(Place place, const std::vector<Spec>& parts) {
    Ledger& ledger = *place->ledger;
    bool is_listed = true;
    for (const Spec& part : parts) {
        const std::optional<Spec> listed = place_of(part);
        if (listed) ledger.know(*listed);
        is_listed = is_listed && listed;
    }
    std::unique_ptr<Entry> entry = ledger.begin(parts, clock_.now(), is_listed);
    Pace pace = pace_;
    pace.ends_later = true;
    Report report = Coordinator(*entry, makers_(entry->story()), clock_, progress_, pace).commit();
    if (report.complete && entry->story().history.ended) keep({std::move(entry), place});
    if (report.complete || report.phase == Phase::in_doubt) return report;
    try {
        ledger.give_journal(*entry, home_.journals(), clock_, home_.coordinator());
    } catch (const Failure& failure) {  // what became of the transaction is decided: the ledger stays, for recovery
        if (report.why.empty()) report.why = failure.what();
        if (report.decision == Decision::commit && !entry->is_recorded()) {  // which does not know of it
            report.phase = Phase::in_doubt;
            report.decision = Decision::none;
        }
    }
    return report;
}

void Server::keep(Ended ended) {
    const std::lock_guard lock(mutex_);
    ++ended.place->users;
    ended_.push_back(std::move(ended));
}

void Server::tidy() { forget_ended(false); }

void Server::tidy_all() { forget_ended(true); }

void Server::forget_ended(bool all) {
    while (const std::optional<Ended> ended = take_ended(all)) {
        const bool forgotten = forget(*ended->entry, *ended->place->ledger);
        leave(ended->place);
        if (forgotten) continue;
        const std::lock_guard lock(mutex_);
        ++left_;
        if (progress_.stop) return;  // who does not answer holds up nobody who wants to stop
    }
}

std::optional<Server::Ended> Server::take_ended(bool all) {
    const std::lock_guard lock(mutex_);
    if (ended_.empty()) return std::nullopt;
    if (!all && ended_.size() <= most_ended && !ended_.front().entry->is_durable()) return std::nullopt;
    Ended ended = std::move(ended_.front());
    ended_.pop_front();
    return ended;
}

bool Server::forget(Entry& entry, Ledger& ledger) {
    try {
        if (!entry.is_durable()) ledger.sync();
        if (Coordinator(entry, makers_(entry.story()), clock_, progress_, pace_).recover().complete) return true;
        ledger.give_journal(entry, home_.journals(), clock_, home_.coordinator());
    } catch (const Failure&) {  // it has ended, and was told so: the ledger stays, for recovery
    }
    return false;
}

Server::Place Server::enter() {
    const std::lock_guard lock(mutex_);
    if (shelves_.empty() || shelves_.back().ledger->is_long()) {
        shelves_.push_back({.ledger = Ledger::create(home_.ledgers(), clock_, home_.coordinator())});
        if (shelves_.size() > 1 && std::prev(shelves_.end(), 2)->users == 0)
            remove_if_settled(std::prev(shelves_.end(), 2));
    }
    const Place last = std::prev(shelves_.end());
    ++last->users;
    return last;
}

void Server::leave(Place place) {
    const std::lock_guard lock(mutex_);
    if (--place->users == 0 && place != std::prev(shelves_.end())) remove_if_settled(place);
}

void Server::remove_if_settled(Place place) {
    forced_ += place->ledger->forced();
    if (place->ledger->is_settled()) place->ledger->remove();
    shelves_.erase(place);
}

void Server::close() {
    tidy_all();
    const std::lock_guard lock(mutex_);
    left_ += ended_.size();
    ended_.clear();
    while (!shelves_.empty()) remove_if_settled(shelves_.begin());
}

std::uint64_t Server::left() {
    const std::lock_guard lock(mutex_);
    return left_;
}

std::uint64_t Server::forced() {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = forced_;
    for (const Shelf& shelf : shelves_) sum += shelf.ledger->forced();
    return sum;
}

}  // namespace ft::twophase
