#include "libcore/twophase/server.h"

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/twophase/spec.h"

namespace ft::twophase {

namespace {

constexpr unsigned most_threads = 1024;  ///< of participants that are asked at once, of all transactions

}  // namespace

Server::Server(Home& home, Makers makers, Clock& clock, const Progress& progress, const Pace& pace)
    : home_(home), makers_(std::move(makers)), clock_(clock), progress_(progress), hands_(most_threads), pace_(pace) {
    pace_.hands = &hands_;
}

Report Server::run(const std::vector<Spec>& parts) {
    const Place place = enter();
    try {
        Report report = run_in(*place->ledger, parts);
        leave(place);
        return report;
    } catch (...) {  // it is in use no more, whatever happened
        leave(place);
        throw;
    }
}

Report Server::run_in(Ledger& ledger, const std::vector<Spec>& parts) {
    bool is_listed = true;
    for (const Spec& part : parts) {
        const std::optional<Spec> place = place_of(part);
        if (place) ledger.know(*place);
        is_listed = is_listed && place;
    }
    const std::unique_ptr<Entry> entry = ledger.begin(parts, clock_.now(), is_listed);
    Coordinator coordinator(*entry, makers_(entry->story()), clock_, progress_, pace_);
    Report report = coordinator.commit();
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
    const std::lock_guard lock(mutex_);
    while (!shelves_.empty()) remove_if_settled(shelves_.begin());
}

std::uint64_t Server::forced() {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = forced_;
    for (const Shelf& shelf : shelves_) sum += shelf.ledger->forced();
    return sum;
}

}  // namespace ft::twophase
