// A drill of transactions over real servers: money moves between two PostgreSQL databases and one of MariaDB, a counter
// counts, a file appears, in one transaction; several of them and a recovery run beside each other, are killed at
// moments of chance, and servers crash meanwhile. Then they are started again, a recovery has to end all, and an oracle
// looks:
//  * of each transaction all has happened or nothing: its entry in the three books, its file;
//  * what its command told is so: exit 0 or 3 all, 7 nothing;
//  * no money came or went: the accounts hold what they held, and what the books say;
//  * the counter is the number of files;
//  * no transaction, prepared branch, witness or claim is left.
//
//     BankDrill drill(seed);   while (drill.kills() < 200) CHECK(drill.round(false).empty());
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "libcore/sim/chance.h"
#include "tests/drill/crowd.h"
#include "tests/io/scratch.h"
#include "tests/twophase/mariadb_server.h"
#include "tests/twophase/pg_server.h"

namespace ft::drill {

class BankDrill {
public:
    explicit BankDrill(std::uint64_t seed);

    /// with_crash  a server crashes meanwhile. returns  what is wrong afterwards.
    [[nodiscard]] std::vector<std::string> round(bool with_crash);
    /// What is wrong now.
    [[nodiscard]] std::vector<std::string> look();
    /// Coordinators that were killed at work.
    [[nodiscard]] std::uint64_t kills() const { return kills_; }
    [[nodiscard]] std::uint64_t crashes() const { return crashes_; }
    [[nodiscard]] std::uint64_t committed() const { return committed_; }

    [[nodiscard]] std::filesystem::path folder() const { return scratch_.path(); }
    /// One of the three books, by an SQL statement: "one", "two", "shop".
    std::string ask(const std::string& bank, const std::string& sql) const;

private:
    enum class Fate : std::uint8_t { unknown, committed, aborted };
    [[nodiscard]] Part transfer(const std::string& tag);
    [[nodiscard]] std::string place_of(const std::string& bank) const;
    [[nodiscard]] std::string amount_sql(const std::string& bank, const std::string& tag, int amount);
    void play_with_crash(const std::vector<Part>& parts, bool with_crash, std::vector<Played>& played);
    void hear(const std::string& tag, const Ran& ran);
    void look_at_transactions();
    void look_at_money();
    void look_for_remains();
    void complain(const std::string& what) { complaints_.push_back(what); }

    ScratchFolder scratch_;
    Programs programs_;
    sim::Chance chance_;
    twophase::PgServer pg_;
    twophase::MariaServer maria_;
    std::uint64_t kills_ = 0, crashes_ = 0, committed_ = 0, drawn_ = 0;
    std::chrono::nanoseconds lasts_ = std::chrono::milliseconds(60);  ///< about, a command
    std::map<std::string, Fate> told_;                                ///< by tag
    std::vector<std::string> complaints_;
};

}  // namespace ft::drill
