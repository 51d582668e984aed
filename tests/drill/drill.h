// A drill: real programs work beside each other in one store, one of them or all are killed at a moment of chance, and
// an oracle looks at what is left.
//
// What it knows is only what the programs told: "t@7" on stdout. It demands that after each kill
//  * the next command works at once, whatever it is;
//  * each acknowledged checkpoint is listed, or newer ones took its place in a prune, and comes back as it was saved;
//    the others that are listed are whole too; what is gone does not come back, and no number is used for two;
//  * a destination is as before or as after; one that is new is missing or whole;
//  * after one more prune and restore nothing is left of the dead but what libcore/store/FORMAT.md says.
//
//     Drill drill(seed);
//     while (drill.kills() < 10) CHECK(drill.round() == none);
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libcore/sim/chance.h"
#include "tests/drill/programs.h"
#include "tests/drill/trees.h"
#include "tests/io/scratch.h"

namespace ft::drill {

using Complaints = std::vector<std::string>;
inline const Complaints none;

class Drill {
public:
    /// Two names with a checkpoint each, and a destination restored from one of them.
    explicit Drill(std::uint64_t seed);

    /// Programs beside each other, a kill, the next command, and what is wrong after that.
    [[nodiscard]] Complaints round();
    /// What is wrong now.
    [[nodiscard]] Complaints look();
    /// Programs that were killed at work.
    [[nodiscard]] std::uint64_t kills() const { return kills_; }
    /// The folder of everything: store, t, u, dest.
    [[nodiscard]] std::filesystem::path folder() const { return scratch_.path(); }

private:
    struct Actor {
        std::string what;  ///< "save t", "save u", "prune", "verify", "replace", "fresh", "repair", "list"
        Command command;
        std::optional<std::uint64_t> version;  ///< that is saved
    };
    [[nodiscard]] Actor actor(const std::string& what);
    [[nodiscard]] Kill choose_kill(const std::vector<Actor>& actors);
    void learn(const std::vector<Actor>& actors, const Kill& kill, const std::vector<Ran>& ran);
    /// Believes what it told; complains where it failed.
    void hear(const Actor& actor, const Ran& ran, const std::set<int>& may_fail);
    void must_work(const std::string& what);
    void look_at_destinations();
    void look_at_checkpoints();
    void look_at_checkpoint(const std::string& id);
    void look_at_missing(const std::set<std::string>& listed);
    void look_at_leftovers();
    void complain(const std::string& what) { complaints_.push_back(what); }

    ScratchFolder scratch_;
    Programs programs_;
    sim::Chance chance_;
    std::uint64_t version_ = 0, kills_ = 0;
    std::map<std::string, std::chrono::nanoseconds> lasts_;      ///< how long each program takes, about
    std::map<std::string, std::uint64_t> known_;                 ///< checkpoint -> the version that it holds
    std::map<std::string, std::set<std::uint64_t>> unanswered_;  ///< name -> versions whose save was killed
    std::set<std::string> gone_;
    Complaints complaints_;
};

}  // namespace ft::drill
