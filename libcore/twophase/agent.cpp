#include "libcore/twophase/agent.h"

#include <fmt/format.h>

#include <utility>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

const Settled done{.ack = Ack::done, .why = {}};

/// Why not all have obeyed.
std::string trouble_of(const Report& report) {
    if (!report.why.empty()) return report.why;
    for (const PartReport& part : report.parts)
        if (!part.why.empty()) return fmt::format("{}: {}", part.label, part.why);
    return "not all have answered yet";
}

bool has_broken(const Report& report) {
    for (const PartReport& part : report.parts)
        if (part.standing == Standing::broken) return true;
    return false;
}

Settled settled_by(const Report& report, Decision decision) {
    if (report.decision != decision && report.decision != Decision::none)
        return {.ack = Ack::broken, .why = "it was decided the other way here"};
    if (report.complete) return done;
    return {.ack = has_broken(report) ? Ack::broken : Ack::again, .why = trouble_of(report)};
}

}  // namespace

Agent::Agent(Home& home, std::vector<Spec> parts, Makers makers, Clock& clock, const Progress& progress,
             const Pace& pace)
    : home_(home),
      parts_(std::move(parts)),
      makers_(std::move(makers)),
      clock_(clock),
      progress_(progress),
      pace_(pace) {}

Answered Agent::answer(const Asked& asked) {
    const bool prepares = asked.verb == Asked::Verb::prepare;
    try {
        switch (asked.verb) {
            case Asked::Verb::prepare:
                return answer_to(asked.number, prepare(asked.branch));
            case Asked::Verb::commit:
                return answer_to(asked.number, commit(asked.branch));
            case Asked::Verb::abort:
                return answer_to(asked.number, abort(asked.branch));
            case Asked::Verb::forget:
                return answer_to(asked.number, forget(asked.branch));
        }
    } catch (const Failure& failure) {  // the coordinator hears of it: it is not this agent's end
        if (!prepares) return answer_to(asked.number, Settled{.ack = Ack::again, .why = failure.what()});
        return answer_to(asked.number, Voted{.vote = Vote::silent, .token = "", .why = failure.what()});
    }
    return {};
}

Report Agent::drive(Journal& journal, Report (Coordinator::*verb)()) {
    Coordinator coordinator(journal, makers_(journal.story()), clock_, progress_, pace_);
    return (coordinator.*verb)();
}

Voted Agent::prepare(const std::string& branch) {
    const std::unique_ptr<Journal> journal =
        Journal::create_for(home_.journals(), clock_, home_.coordinator(), branch, parts_, Milestone::Kind::asked);
    if (journal == nullptr) return {.vote = Vote::no, .token = "", .why = "this branch was asked or aborted before"};
    const Report report = drive(*journal, &Coordinator::prepare);
    if (report.phase == Phase::prepared) return {.vote = Vote::yes, .token = "", .why = ""};
    if (report.phase == Phase::in_doubt) return {.vote = Vote::silent, .token = "", .why = report.why};
    return {.vote = Vote::no, .token = "", .why = trouble_of(report)};
}

Agent::Held Agent::hold(const std::string& branch, const Settled& where_missing) {
    Journal::Opened opened = Journal::open(home_.journals(), home_.coordinator(), Journal::number_for(branch));
    if (opened.found == Journal::Found::missing) return {.instead = where_missing};
    if (opened.found == Journal::Found::busy)
        return {.instead = {.ack = Ack::again, .why = "on its host it is held by " + opened.holder}};
    if (opened.journal->story().upstream != branch)
        return {.instead = {.ack = Ack::broken, .why = "another transaction has its number"}};
    return {.journal = std::move(opened.journal)};
}

Settled Agent::commit(const std::string& branch) {
    const Held held = hold(branch, {.ack = Ack::unknown, .why = "its host knows no such branch"});
    if (!held.journal) return held.instead;
    const History& history = held.journal->story().history;
    if (history.ended && history.decision == Decision::commit) return done;
    if (held.journal->story().is_tombstone()) return {.ack = Ack::broken, .why = "it was aborted here"};
    return settled_by(drive(*held.journal, &Coordinator::commit), Decision::commit);
}

Settled Agent::abort(const std::string& branch) {
    const Held held = hold(branch, done);
    if (held.journal) {
        const Story& story = held.journal->story();
        if (story.is_tombstone() || (story.history.ended && story.history.decision == Decision::abort)) return done;
        return settled_by(drive(*held.journal, &Coordinator::abort), Decision::abort);
    }
    if (held.instead.ack != Ack::done) return held.instead;
    // The question may still be on its way, to an agent that nobody hears any more.
    const bool entombed = Journal::create_for(home_.journals(), clock_, home_.coordinator(), branch, parts_,
                                              Milestone::Kind::abort) != nullptr;
    if (entombed) return done;
    return {.ack = Ack::again, .why = "it was asked just now"};
}

Settled Agent::forget(const std::string& branch) {
    const Held held = hold(branch, done);
    if (!held.journal) return held.instead;
    const Story& story = held.journal->story();
    if (!story.is_tombstone() && !story.history.ended) {  // it has, but the note of it was lost with the power
        if (story.history.prepared && story.history.decision == Decision::none)
            return {.ack = Ack::again, .why = "it is not decided here"};
        const Report report = drive(*held.journal, &Coordinator::recover);
        if (!report.complete) return {.ack = Ack::again, .why = trouble_of(report)};
    }
    held.journal->remove(true);
    return done;
}

}  // namespace ft::twophase
