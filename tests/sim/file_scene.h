// Branches of the kinds file and switch on a simulated disk: what is replaced, made, removed and switched lies in "d",
// what is new in "s".
//
//     transact(hands_of(disk), replace, Verb::commit);       // acknowledges "yes TOKEN", "commit", "done"
//     CHECK(complaints_about_branch(disk, replace) == none);        // after a power cut: settled as a recovery does
#pragma once

#include <string>

#include "libcore/twophase/participant.h"
#include "tests/sim/store_oracle.h"

namespace ft::sim {

/// One branch.
struct BranchCase {
    std::string words;  ///< "file:/d/app.conf=/s/new"
    std::string name;   ///< what it changes in "d"
};

[[nodiscard]] BranchCase replacing();  ///< of a file with a mode, an owner and attributes
[[nodiscard]] BranchCase creating();
[[nodiscard]] BranchCase removing();
[[nodiscard]] BranchCase switching();     ///< a link
[[nodiscard]] BranchCase first_switch();  ///< a link that is not there yet
[[nodiscard]] BranchCase replacing_long_name();
[[nodiscard]] std::vector<BranchCase> all_cases();

/// The folders, everything durable.
[[nodiscard]] const Image& file_scene();

/// A path from the root, as io::locate finds it.
[[nodiscard]] io::Located locate_on(io::Dir& root, const std::string& path);

[[nodiscard]] twophase::Branch branch_number(std::uint32_t sequence);
/// The participant, made anew: as another process makes it. root and clock outlive it.
[[nodiscard]] std::unique_ptr<twophase::Participant> participant(io::Dir& root, Clock& clock, const BranchCase& branch,
                                                                 std::uint32_t sequence = 1);

enum class Verb { commit, abort };
/// What is written just before a branch, as a deploy does: nothing of it is synced.
void write_generation(io::Dir& root, const BranchCase& branch);
/// Prepares, says "yes TOKEN"; says "commit" or "abort", does it, says "done". What is not there in the end was
/// refused.
void transact(Hands hands, const BranchCase& branch, Verb verb);
/// What a recovery does: repeats what was decided, or aborts. Says "done".
void settle(Hands hands, const BranchCase& branch);

/// All that lies in "d": names, kinds, attributes, contents.
[[nodiscard]] std::string description(SimDisk& disk);
/// What is wrong once the branch was settled, whichever way if it may go either, and the power was cut again.
[[nodiscard]] Complaints complaints_about_branch(SimDisk& disk, const BranchCase& branch);

}  // namespace ft::sim
