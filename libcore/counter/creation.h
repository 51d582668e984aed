// The making of a counter that is more than one file: its replicas, and the text that names them.
//
// A plan, ".NAME.ft-create", is durable before anything is made: the text that NAME will be. At the end it becomes
// NAME. So what a killed create has left is told from what others have made by the uuids in its plan, and the next
// create of that name removes it. The plan is locked as long as its maker lives.
//
//     Plan plan(dir, "jobs");
//     if (plan.left()) { ...remove what it names...; plan.forget(); }
//     plan.write(text_of(descriptor)); ...make it...; plan.publish();
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/counter/descriptor.h"
#include "libcore/counter/seats.h"

namespace ft::counter {

class Plan {
public:
    /// fails  Exit::busy where another process is making a counter of this name.
    Plan(io::Dir& dir, std::string name);
    /// What a killed one has left: its text.
    [[nodiscard]] const std::optional<std::string>& left() const { return left_; }
    /// Nothing of it is there any more.
    void forget();
    /// Durable when it returns. fails  as the constructor.
    void write(const std::string& text);
    /// The plan is the counter's name now, durably. fails  where the name is taken.
    void publish();

private:
    [[nodiscard]] Failure busy() const;
    io::Dir& dir_;
    std::string name_, hidden_;
    std::unique_ptr<io::File> file_;  // locked
    std::optional<std::string> left_;
};

struct NewCounter {
    const Identity& identity;
    const State& first;
    const Descriptor& descriptor;
};
/// A new counter: all its replicas and its name, or nothing that the next create of this name would not remove.
///
/// fails  where a replica or the name exists, or one cannot be made.
void create_named(Plan& plan, Wiring& wiring, Clock& clock, const NewCounter& wanted, const Patience& patience);

/// Removes the replicas of a plan that was never carried out. They are its own: of its uuids, and never counted on.
///
/// fails  where one of them is out of reach, or has been counted on.
void remove_unfinished(Wiring& wiring, Clock& clock, const Descriptor& plan, const Patience& patience);

}  // namespace ft::counter
