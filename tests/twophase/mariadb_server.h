// A MariaDB server for tests: data of its own in a temporary directory, reached through a unix socket there, ended with
// this process.
//
//     MariaServer server;
//     server.query("create table shop.t (n int primary key)");
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/proc/child.h"
#include "tests/io/scratch.h"
#include "tests/twophase/server_process.h"

namespace ft::twophase {

class MariaServer {
public:
    /// anybody   who comes may do everything; there are no users, nor stored functions.
    /// accounts  as a new server has them: made in seconds.
    enum class Users : std::uint8_t { anybody, accounts };
    /// With an empty database shop, and its table of witnesses.
    explicit MariaServer(Users users = Users::anybody);
    ~MariaServer();
    MariaServer(const MariaServer&) = delete;
    MariaServer& operator=(const MariaServer&) = delete;

    void start();
    /// As a crash does.
    void stop();
    [[nodiscard]] const std::string& folder() const { return scratch_.path(); }
    [[nodiscard]] std::string socket() const { return folder() + "/socket"; }
    /// "shop socket=... user=root"
    [[nodiscard]] std::string place() const { return place(socket()); }
    [[nodiscard]] static std::string place(const std::string& socket) { return "shop socket=" + socket + " user=root"; }
    /// The rows of the answer, with tabs between columns.
    std::string query(const std::string& sql) const;
    /// As a user's client, at work until the Child ends: its output is to be read.
    [[nodiscard]] proc::Child session(const std::string& sql) const;
    /// The same, which reads its statements, a line each, from its input.
    [[nodiscard]] proc::Child shell() const;

private:
    [[nodiscard]] std::vector<std::string> client(const std::vector<std::string>& more) const;
    ScratchFolder scratch_;
    ServerUser user_{"mysql", "KILL"};
    Users users_;
    mutable SystemClock clock_;
    std::optional<proc::Child> server_;
};

}  // namespace ft::twophase
