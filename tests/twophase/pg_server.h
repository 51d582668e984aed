// A PostgreSQL server for tests: a cluster of its own in a temporary directory, reached through a unix socket there,
// ended with this process.
//
//     PgServer server({"max_prepared_transactions = 20"});
//     server.query("create table t (n int)");
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/proc/child.h"
#include "tests/io/scratch.h"
#include "tests/twophase/server_process.h"

namespace ft::twophase {

class PgServer {
public:
    /// settings  lines of postgresql.conf.
    explicit PgServer(const std::vector<std::string>& settings);
    ~PgServer();
    PgServer(const PgServer&) = delete;
    PgServer& operator=(const PgServer&) = delete;

    void start();
    /// As a crash does.
    void stop();
    /// Folder of the socket.
    [[nodiscard]] const std::string& folder() const { return scratch_.path(); }
    /// "host=... user=postgres dbname=postgres"
    [[nodiscard]] std::string conninfo() const { return conninfo("host=" + folder()); }
    [[nodiscard]] static std::string conninfo(const std::string& host) {
        return host + " user=postgres dbname=postgres";
    }
    /// The rows of the answer, as psql -At prints them.
    std::string query(const std::string& sql) const;
    /// As a user's psql, at work until the Child ends: its output is to be read.
    [[nodiscard]] proc::Child session(const std::string& sql, const std::string& database = "postgres") const;

private:
    ScratchFolder scratch_;
    ServerUser user_{"postgres", "QUIT"};
    std::string programs_;
    mutable SystemClock clock_;
    std::optional<proc::Child> server_;
};

}  // namespace ft::twophase
