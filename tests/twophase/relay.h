// A process between the clients of a database server and its unix socket, which does a client harm when it sends what
// it was told to look for.
//
//     const Relay relay(server, folder + "/relay.sock", {.kill_at = 3});
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace ft::twophase {

struct Harm {
    /// Kills the client before (2n) or after (2n + 1) its n-th message is handed on, counted over all clients.
    std::optional<unsigned> kill_at = std::nullopt;
    /// Kills the first client that sends this text, and keeps its connection to the server open, as a dead link does;
    /// hands the message itself on, or does not.
    std::string freeze_at = {};
    bool hand_on = false;
};

class Relay {
public:
    /// server, own  paths of sockets.
    Relay(std::string server, const std::string& own, Harm harm);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

private:
    pid_t process_ = -1;
};

}  // namespace ft::twophase
