// Connections to PostgreSQL whose calls end in time. pg_session.cpp is the only file that includes libpq.
//
//     pg::Session session(pg::settled_conninfo("service=orders"), bounds);
//     for (const pg::Reply& reply : session.run("BEGIN; SELECT 1", bounds)) ...
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/proc/bounded.h"
#include "libcore/twophase/connections.h"

struct pg_conn;  // libpq's

namespace ft::twophase::pg {

/// What the server said to one statement.
struct Reply {
    std::string tag;                                   ///< "COMMIT PREPARED"; "" where it failed
    std::string state;                                 ///< SQLSTATE where it failed
    std::string message;                               ///< and why
    std::vector<std::optional<std::string>> row = {};  ///< the first
};

/// A connection, whose calls end in time. fails  where the server cannot be reached any more, or takes too long.
class Session final : public Connection {
public:
    Session(const std::string& conninfo, const proc::Bounds& bounds);
    /// Statements, in one message; a reply for each of them up to the first that fails.
    [[nodiscard]] std::vector<Reply> run(const std::string& statements, const proc::Bounds& bounds);
    /// As run, without its waiting: replies() is to follow. false: it cannot be said.
    [[nodiscard]] bool send(const std::string& statements);
    /// Whether replies() has nothing to wait for.
    [[nodiscard]] bool has_replies();
    [[nodiscard]] std::vector<Reply> replies(const proc::Bounds& bounds);
    /// Readable once there is more of the replies.
    [[nodiscard]] int descriptor() const;
    /// Statements that are transactions of their own, without waiting for one before the next is said; a reply for
    /// each of them, whatever became of the others.
    [[nodiscard]] std::vector<Reply> run_each(const std::vector<std::string>& statements, const proc::Bounds& bounds);
    /// One statement with parameters.
    [[nodiscard]] Reply ask(const std::string& statement, const std::vector<std::string>& values,
                            const proc::Bounds& bounds);
    /// Whether the connection is broken, and so ends at the server too.
    [[nodiscard]] bool is_lost() const;
    /// Whether it is in no transaction, and waits for no answer.
    [[nodiscard]] bool is_idle() const;
    /// Begins to forget what the SQL of one transaction may have left in it, so that the next one finds it as new.
    void begin_to_forget();
    /// After it was kept: whether it is as new. false: the server, or the way to it, has gone meanwhile.
    [[nodiscard]] bool is_as_new(const proc::Bounds& bounds);
    /// Which server it is, where somebody has asked: not to be asked again.
    std::string server;

private:
    struct Finish {
        void operator()(pg_conn* connection) const;
    };
    [[nodiscard]] Failure failure(std::string_view what) const;
    void check_waited(proc::Waited waited, std::string_view what) const;
    void connect(const proc::Bounds& bounds);
    void wait_for_more(const proc::Bounds& bounds) const;
    std::unique_ptr<pg_conn, Finish> connection_;
    std::vector<Reply> replies_;  // so far
    bool has_all_ = true;
    bool forgetting_ = false;
};

/// A connection string that means the same from whichever shell it is used: what the environment adds is written down.
/// Not passwords; and nothing that a service file says otherwise.
///
/// fails  Exit::usage where it cannot be understood, or holds a secret.
[[nodiscard]] std::string settled_conninfo(const std::string& text);

}  // namespace ft::twophase::pg
