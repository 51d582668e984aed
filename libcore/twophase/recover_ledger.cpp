#include "libcore/twophase/recover_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/twophase/spec.h"

namespace ft::twophase {

namespace {

/// A place of the ledger, as it was found.
struct Place {
    Spec spec;
    Listed listed = {};
    std::optional<std::string> why = {};  ///< it could not be asked
};

/// One at a place where nothing runs any more for its coordinator.
class Fenced final : public Participant {
public:
    explicit Fenced(std::unique_ptr<Participant> inner) : inner_(std::move(inner)) {}
    Voted prepare() override { return inner_->prepare(); }
    Settled commit(const std::string& token) override { return inner_->commit(token); }
    Settled abort() override { return inner_->abort(); }
    [[nodiscard]] bool keeps_witness() const override { return inner_->keeps_witness(); }
    Settled forget() override { return inner_->forget(); }
    void interrupt() override { inner_->interrupt(); }

private:
    std::unique_ptr<Participant> inner_;
};

/// One at a place that could not be asked just now: not each of its transactions has to wait for that again.
class OutOfReach final : public Participant {
public:
    OutOfReach(bool keeps_witness, std::string why) : keeps_witness_(keeps_witness), why_(std::move(why)) {}
    Voted prepare() override { return {.vote = Vote::silent, .token = "", .why = why_}; }
    Settled commit(const std::string&) override { return {Ack::again, why_}; }
    Settled abort() override { return {Ack::again, why_}; }
    [[nodiscard]] bool keeps_witness() const override { return keeps_witness_; }
    Settled forget() override { return {Ack::again, why_}; }
    Settled fence() override { return {Ack::again, why_}; }

private:
    bool keeps_witness_;
    std::string why_;
};

/// What an aborted branch came to that the ledger knows nothing of.
Recovered recovered(const Place& place, const Branch& branch, const Settled& settled) {
    const bool done = settled.ack == Ack::done || settled.ack == Ack::unknown;
    return {.number = branch.journal,
            .kind = done ? Recovered::Kind::settled : Recovered::Kind::left,
            .report = {.number = branch.journal, .phase = Phase::ended, .decision = Decision::abort, .complete = done},
            .why = place.spec.label + (settled.why.empty() ? "" : ": " + settled.why)};
}

class LedgerRecovery {
public:
    LedgerRecovery(Home& home, Ledger& ledger, const Makers& makers, const Places& places, Clock& clock,
                   const Progress& progress, const Pace& pace, unsigned at_once)
        : home_(home),
          ledger_(ledger),
          makers_(makers),
          reach_(places),
          clock_(clock),
          progress_(progress),
          pace_(pace),
          at_once_(at_once) {}

    std::vector<Recovered> run();

private:
    void ask_places();
    [[nodiscard]] Desk::Participants participants_of(const Story& story) const;
    void resume();
    [[nodiscard]] Recovered settle(Entry& entry, const Pace& pace);
    [[nodiscard]] Settled abort(const Place& place, const Branch& branch);
    [[nodiscard]] std::vector<Settled> abort(const Place& place, const std::vector<Branch>& branches);
    void settle_all();
    void settle_those_left();
    void abort_the_rest();
    void give_journals();
    void end();
    void tell_of_foreign();

    Home& home_;
    Ledger& ledger_;
    const Makers& makers_;
    const Places& reach_;
    Clock& clock_;
    const Progress& progress_;
    Pace pace_;
    unsigned at_once_;
    std::vector<Place> places_;
    std::vector<std::unique_ptr<Entry>> entries_;
    std::vector<Recovered> all_;  ///< of entries_ first
};

void LedgerRecovery::ask_places() {
    for (const Spec& spec : ledger_.story().places) places_.push_back({.spec = spec});
    const std::string prefix = branch_prefix(home_.coordinator(), ledger_.number());
    parallel_for(at_once_, places_.size(), [&](std::size_t i) {
        progress_.step();
        try {
            places_[i].listed = reach_.list(places_[i].spec, prefix);
        } catch (const Failure& failure) {  // one place that cannot be asked is not the others' trouble
            places_[i].why = failure.what();
        }
    });
}

Desk::Participants LedgerRecovery::participants_of(const Story& story) const {
    Desk::Participants participants = makers_(story);
    for (std::size_t i = 0; i < participants.size(); ++i) {
        const std::optional<Spec> spec = place_of(story.parts[i]);
        const auto place =
            std::find_if(places_.begin(), places_.end(), [&](const Place& one) { return one.spec == spec; });
        if (place == places_.end()) continue;
        if (place->why)
            participants[i] = std::make_unique<OutOfReach>(participants[i]->keeps_witness(), *place->why);
        else
            participants[i] = std::make_unique<Fenced>(std::move(participants[i]));
    }
    return participants;
}

/// All but what has a journal of its own already: that is durable once it is held, and then it needs no entry more.
void LedgerRecovery::resume() {
    for (const auto& [number, story] : ledger_.story().open) {
        const Journal::Opened opened = Journal::open(home_.journals(), home_.coordinator(), number);
        if (opened.found == Journal::Found::missing) entries_.push_back(ledger_.resume(story));
        if (opened.found == Journal::Found::held) ledger_.resume(story)->remove(true);
    }
}

Recovered LedgerRecovery::settle(Entry& entry, const Pace& pace) {
    progress_.step();
    Recovered recovered{.number = entry.story().number};
    try {
        Coordinator coordinator(entry, participants_of(entry.story()), clock_, progress_, pace);
        recovered.report = coordinator.recover();
        recovered.kind = kind_of(recovered.report);
        recovered.why = recovered.report.why;
    } catch (const Failure& failure) {  // one transaction's trouble is not another's
        recovered.kind = Recovered::Kind::left;
        recovered.why = failure.what();
    }
    return recovered;
}

Settled LedgerRecovery::abort(const Place& place, const Branch& branch) {
    progress_.step();
    try {
        return reach_.make(place.spec, branch)->abort();
    } catch (const Failure& failure) {  // one branch's trouble is not another's
        return {.ack = Ack::again, .why = failure.what()};
    }
}

/// Each is asked once; so one that does not answer delays nobody.
void LedgerRecovery::settle_all() {
    all_.resize(entries_.size());
    Pace once = pace_;
    once.threads = 0;
    once.deliver = std::chrono::nanoseconds(0);
    parallel_for(at_once_, entries_.size(), [&](std::size_t i) { all_[i] = settle(*entries_[i], once); });
}

/// What was in the way may go: they are asked again and again, for a while.
void LedgerRecovery::settle_those_left() {
    if (std::any_of(places_.begin(), places_.end(), [](const Place& one) { return one.why.has_value(); })) return;
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < entries_.size(); ++i)
        if (all_[i].kind == Recovered::Kind::left) left.push_back(i);
    parallel_for(at_once_, left.size(), [&](std::size_t i) { all_[left[i]] = settle(*entries_[left[i]], pace_); });
}

/// What is prepared, and of which the ledger knows nothing.
void LedgerRecovery::abort_the_rest() {
    for (const Place& place : places_) {
        std::vector<Branch> rest;
        for (const Branch& branch : place.listed.branches)
            if (!ledger_.story().open.contains(branch.journal) && !home_.has_journal(branch.journal))
                rest.push_back(branch);
        const std::vector<Settled> settled = abort(place, rest);
        for (std::size_t i = 0; i < rest.size(); ++i) all_.push_back(recovered(place, rest[i], settled[i]));
    }
}

std::vector<Settled> LedgerRecovery::abort(const Place& place, const std::vector<Branch>& branches) {
    progress_.step();
    if (branches.empty()) return {};
    if (auto settled = reach_.abort_all(place.spec, branches, at_once_)) return *std::move(settled);
    std::vector<Settled> settled(branches.size());
    parallel_for(at_once_, branches.size(), [&](std::size_t i) { settled[i] = abort(place, branches[i]); });
    return settled;
}

/// A person has to look at some, with the commands for that.
void LedgerRecovery::give_journals() {
    const auto needs_a_person = [](const PartReport& part) {
        return part.standing == Standing::broken || part.standing == Standing::unknown;
    };
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const std::vector<PartReport>& parts = all_[i].report.parts;
        if (all_[i].kind == Recovered::Kind::settled) continue;
        if (std::any_of(parts.begin(), parts.end(), needs_a_person))
            ledger_.give_journal(*entries_[i], home_.journals(), clock_, home_.coordinator());
    }
}

void LedgerRecovery::tell_of_foreign() {
    for (const Place& place : places_)
        if (place.listed.foreign > 0)
            all_.push_back({.number = ledger_.number(),
                            .kind = Recovered::Kind::foreign,
                            .why = fmt::format("{}: {} prepared by others than this coordinator", place.spec.label,
                                               place.listed.foreign)});
}

void LedgerRecovery::end() {
    for (const Place& place : places_)
        if (place.why) all_.push_back({.number = ledger_.number(), .kind = Recovered::Kind::left, .why = *place.why});
    const bool has_aborted = std::all_of(all_.begin() + static_cast<std::ptrdiff_t>(entries_.size()), all_.end(),
                                         [](const Recovered& one) { return one.kind == Recovered::Kind::settled; });
    if (has_aborted && ledger_.is_settled())
        ledger_.remove();
    else
        ledger_.write();
}

std::vector<Recovered> LedgerRecovery::run() {
    ask_places();
    resume();
    settle_all();
    settle_those_left();
    give_journals();
    abort_the_rest();
    end();
    tell_of_foreign();
    return std::move(all_);
}

}  // namespace

std::vector<Recovered> recover_ledger(Home& home, std::uint64_t number, const Makers& makers, const Places& places,
                                      Clock& clock, const Progress& progress, const Pace& pace, unsigned at_once) {
    try {
        const Ledger::Opened opened = Ledger::open(home.ledgers(), home.coordinator(), number);
        if (opened.is_busy) return {{.number = number, .kind = Recovered::Kind::live, .why = opened.holder}};
        if (!opened.ledger) return {};
        return LedgerRecovery(home, *opened.ledger, makers, places, clock, progress, pace, at_once).run();
    } catch (const Failure& failure) {  // one ledger's trouble is not another's
        const auto kind = failure.exit() == Exit::damage ? Recovered::Kind::damaged : Recovered::Kind::left;
        return {{.number = number, .kind = kind, .why = failure.what()}};
    }
}

}  // namespace ft::twophase
