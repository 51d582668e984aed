// Every promise of libcore/twophase/participant.h, checked on any kind of participant.
//
//     class MyKind final : public TestedKind { ... };
//     TEST_CASE("my kind keeps the promises of a participant") {
//         keep_participant_promises([] { return std::make_unique<MyKind>(); });
//     }
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/twophase/participant.h"

namespace ft::conformance {

using twophase::Branch;
using twophase::Participant;

enum class Stage { prepare, commit, abort };

/// A kind, and a world of its own for it: some objects (at least three), none of which was changed yet.
class TestedKind {
public:
    virtual ~TestedKind() = default;
    /// A participant of that branch which changes that object, as a process that was just started makes it.
    virtual std::unique_ptr<Participant> make(const Branch& branch, unsigned object) = 0;
    /// How many branches have changed the object.
    virtual unsigned changes(unsigned object) = 0;
    /// What is left of branches that have ended, and should not be: names of files, of transactions, of processes.
    virtual std::vector<std::string> traces() = 0;
    /// Whether a second branch on one object is refused until the first has ended.
    [[nodiscard]] virtual bool is_exclusive() const = 0;
    /// Does one stage in a process, a coordinator, that is killed at that step (from 0) of the participant. What it has
    /// started may live on. false where the stage ended before: it is done.
    virtual bool kill_in(Stage stage, const Branch& branch, unsigned object, unsigned step) = 0;
};

using MakeKind = std::function<std::unique_ptr<TestedKind>()>;

/// Checks all promises, each as a section of the running test case, each in a world of its own.
void keep_participant_promises(const MakeKind& make);

}  // namespace ft::conformance
