// A participant's line to a MariaDB database: a session that is opened, or taken over, when it is first needed, and
// left to the next one of the same place. With what all participants there understand alike.
//
//     MariaLine line(place, surroundings);
//     MariaReply reply = line.ask("SELECT branch FROM " + line.table(), bounds);
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "libcore/proc/bounded.h"
#include "libcore/twophase/mariadb_session.h"
#include "libcore/twophase/participant.h"

namespace ft::twophase {

// The server's numbers.
inline constexpr unsigned is_locked = 1205, no_such_table = 1146, unknown_branch = 1397, not_in_this_state = 1399,
                          no_such_session = 1094;
/// Whether the server says that it has rolled the branch back.
[[nodiscard]] bool is_rolled_back(const MariaReply& reply);
/// The first value of the first row; "" where there is none.
[[nodiscard]] std::string value_of(const MariaReply& reply);

/// After a session's locks are free it takes the server microseconds to let go of its branch, too.
inline constexpr std::chrono::milliseconds time_to_let_go{20};
inline constexpr std::string_view held_by_server =
    "the server holds the branch, but does not end it: where this does not pass, start it again";
inline constexpr std::string_view committed_by_others = "it is committed: somebody has told the server to";

/// A session that works for the ledger whose branches' ids begin like this takes one of many locks with that: a new
/// service can tell all sessions of a dead one by them. @ft2pc_i is 256 where none was free.
[[nodiscard]] std::string take_lock_of(const std::string& prefix);

/// fails  (ask, session) where the server cannot be reached any more, or takes too long.
class MariaLine {
public:
    MariaLine(MariaPlace place, const Surroundings& surroundings);
    /// Leaves a session that is well to others.
    ~MariaLine();
    MariaLine(const MariaLine&) = delete;
    MariaLine& operator=(const MariaLine&) = delete;

    [[nodiscard]] MariaSession& session(const proc::Bounds& until);
    /// The answer to the last of the statements, or to the first that fails.
    [[nodiscard]] MariaReply ask(const std::string& statements, const proc::Bounds& until);
    /// Ends the session: the next question is asked in another.
    void end() { session_.reset(); }
    /// That of the witnesses, in SQL.
    [[nodiscard]] std::string table() const;

private:
    [[nodiscard]] std::string key() const;
    MariaPlace place_;
    Connections* kept_;
    std::unique_ptr<MariaSession> session_;
};

}  // namespace ft::twophase
