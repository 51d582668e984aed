// A drill of transactions: one-shots, and transactions in many commands, over files, programs and a counter, with
// recoveries beside them, all killed at moments of chance; then a recovery that must end all, and an oracle.
//
// Each transaction makes two files, removes one, spools itself by two programs, counts, and replaces some of six files
// that it shares with others, as chance says. The oracle demands that
//  * of each transaction all has happened or nothing, and what its commands told is so: exit 0 or 3 all, 7 nothing;
//  * what the shared files hold could have come about by one transaction after the other: none holds a transaction's
//    content that another shared file of the same transaction lacks, unless a third one was there later;
//  * the counter is the number of committed transactions that counted;
//  * a recovery ends at once with 0, and then no transaction, claim, copy, lock or running program is left.
//
//     TransactionDrill drill(seed);   while (drill.kills() < 100) CHECK(drill.round().empty());
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "libcore/sim/chance.h"
#include "tests/drill/crowd.h"
#include "tests/io/scratch.h"

namespace ft::drill {

class TransactionDrill {
public:
    explicit TransactionDrill(std::uint64_t seed);

    /// One crowd, its kills, a recovery, and what is wrong after it.
    ///
    /// mistake  done to the folder before the oracle looks, to see it complain.
    [[nodiscard]] std::vector<std::string> round(const std::function<void(const std::filesystem::path&)>& mistake = {});
    /// Programs that were killed at work.
    [[nodiscard]] std::uint64_t kills() const { return kills_; }
    [[nodiscard]] std::uint64_t committed() const { return committed_.size(); }
    [[nodiscard]] std::uint64_t aborted() const { return aborted_; }

private:
    enum class Fate : std::uint8_t { unknown, committed, aborted };
    struct Transaction {
        std::string tag;
        bool programs = false, counts = false;
        std::set<int> shared;
        std::string name = {};  ///< while it is open, as begin told it
        int added = 0;          ///< calls of add that have told that they are done: two are the whole
        bool deciding = false;  ///< a command that may have decided was killed
        Fate told = Fate::unknown;
    };
    struct Actor {
        std::string verb;
        Command command;
        Transaction* transaction = nullptr;  ///< none: a recovery
    };

    [[nodiscard]] std::filesystem::path folder() const { return scratch_.path(); }
    [[nodiscard]] Command command(const std::string& verb, const std::vector<std::string>& more) const;
    [[nodiscard]] Transaction draw();
    [[nodiscard]] std::vector<std::string> participants(const Transaction& one) const;
    [[nodiscard]] Actor one_shot(Transaction& one) const;
    [[nodiscard]] std::optional<Actor> next_of(Transaction& one, int step);
    void play_step(std::vector<Actor> actors);
    void hear(const Actor& actor, const Ran& ran);
    [[nodiscard]] Ran must_work(const Command& command);
    void end_all();

    void look();
    void look_at(const Transaction& one);
    void look_at_shared();
    void look_for_remains();
    [[nodiscard]] std::string content(const std::string& name) const;
    void complain(const std::string& what) { complaints_.push_back(what); }

    ScratchFolder scratch_;
    Programs programs_;
    sim::Chance chance_;
    std::uint64_t kills_ = 0, aborted_ = 0, counted_ = 0, drawn_ = 0;
    std::map<std::string, std::chrono::nanoseconds> lasts_;  ///< how long each kind of command takes, about
    std::map<std::string, std::set<int>> committed_;         ///< by tag: which shared files it has replaced
    std::vector<Transaction> transactions_;                  ///< of this round
    std::vector<std::string> complaints_;
};

}  // namespace ft::drill
