// The other side of a pipe: participants of this host, for a coordinator on another one. To that one it is a single
// participant; here it is a coordinator of its own, whose every decision comes from there.
//
// What was prepared is in a journal of this host, under a number that follows from the branch; so another agent, after
// this one or the way to it has died, can go on with it. The journal stays as a witness until the coordinator says
// "forget". FORMAT.md, section 1; ft-participant(7).
#pragma once

#include <functional>
#include <string>

#include "libcore/twophase/lines.h"
#include "libcore/twophase/recover.h"

namespace ft::twophase {

class Agent {
public:
    /// parts  what takes part on this host.
    Agent(Home& home, std::vector<Spec> parts, Makers makers, Clock& clock, const Progress& progress, const Pace& pace);

    /// Does what is asked. Thread-safe. A Failure is an answer, too.
    [[nodiscard]] Answered answer(const Asked& asked);

private:
    [[nodiscard]] Voted prepare(const std::string& branch);
    [[nodiscard]] Settled commit(const std::string& branch);
    [[nodiscard]] Settled abort(const std::string& branch);
    [[nodiscard]] Settled forget(const std::string& branch);
    /// The branch's journal, held; without one, what to answer instead.
    struct Held {
        std::unique_ptr<Journal> journal = {};
        Settled instead = {};
    };
    [[nodiscard]] Held hold(const std::string& branch, const Settled& where_missing);
    [[nodiscard]] Report drive(Journal& journal, Report (Coordinator::*verb)());

    Home& home_;
    std::vector<Spec> parts_;
    Makers makers_;
    Clock& clock_;
    const Progress& progress_;
    Pace pace_;
};

}  // namespace ft::twophase
