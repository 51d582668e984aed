// A connection to a MariaDB server whose calls end in time. Its source is the only file that includes libmariadb, which
// is loaded when a server is first named.
//
//     MariaSession session({.database = "orders"}, bounds);
//     std::vector<MariaReply> replies = session.run("SELECT 1; SELECT 2", bounds);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/proc/bounded.h"
#include "libcore/twophase/connections.h"
#include "libcore/twophase/mariadb_place.h"

namespace ft::twophase {

/// What the server said to one statement.
struct MariaReply {
    unsigned error = 0;   ///< the server's number of it; 0: none
    std::string message;  ///< and why
    std::vector<std::vector<std::optional<std::string>>> rows;
    [[nodiscard]] bool is_well() const { return error == 0; }
};

/// What the statements of a transaction have written to, as far as they were answered.
struct MariaWritten {
    bool transactional = false;  ///< tables that can be rolled back
    bool lasting = false;        ///< tables that cannot
};

/// fails  (all calls) where the server cannot be reached any more, or takes too long: then it is of no use any more.
class MariaSession final : public Connection {
public:
    /// Each statement is a transaction of its own, unless one is begun.
    ///
    /// fails  also where the server is too old, or another one.
    MariaSession(const MariaPlace& place, const proc::Bounds& bounds);
    ~MariaSession() override;
    MariaSession(const MariaSession&) = delete;
    MariaSession& operator=(const MariaSession&) = delete;

    /// Statements, in one message; a reply for each of them up to the first that fails.
    [[nodiscard]] std::vector<MariaReply> run(const std::string& statements, const proc::Bounds& bounds);
    /// Whether the connection is broken, and so ends at the server too.
    [[nodiscard]] bool is_lost() const;
    /// Since the session began, or has forgotten. All is well known only while the server's
    /// session_track_transaction_info is STATE.
    [[nodiscard]] const MariaWritten& written() const;
    /// Whether it waits for no answer, and is not lost.
    [[nodiscard]] bool is_well() const;
    /// Begins to forget what the SQL of one transaction may have left in it, its locks too. It is in no transaction.
    void begin_to_forget();
    /// And is as new, in that database. false: the server, or the way to it, has gone meanwhile.
    [[nodiscard]] bool has_forgotten(const proc::Bounds& bounds);

private:
    struct Link;
    std::unique_ptr<Link> link_;
};

}  // namespace ft::twophase
