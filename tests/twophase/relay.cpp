#include "tests/twophase/relay.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "libcore/base/fd.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}

/// The process's work.
class Serving {
public:
    Serving(const sockaddr_un& server, Fd listening, Harm harm)
        : server_(server), listening_(std::move(listening)), harm_(std::move(harm)) {}
    [[noreturn]] void serve() {
        std::vector<Pair> pairs, frozen;
        for (;;) {
            std::vector<pollfd> ready{{listening_.get(), POLLIN, 0}};
            for (const Pair& pair : pairs) {
                ready.push_back({pair.client.get(), POLLIN, 0});
                ready.push_back({pair.server.get(), POLLIN, 0});
            }
            ::poll(ready.data(), ready.size(), -1);
            for (std::size_t i = pairs.size(); i-- > 0;) {
                const Fate fate = relay(pairs[i], ready[1 + 2 * i].revents != 0, ready[2 + 2 * i].revents != 0);
                if (fate == Fate::frozen) frozen.push_back(std::move(pairs[i]));
                if (fate != Fate::lives) pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
            }
            if (ready[0].revents != 0) pairs.push_back(accept());
        }
    }

private:
    enum class Fate : std::uint8_t { lives, ended, frozen };
    struct Pair {
        Fd client, server;
        pid_t pid = 0;
    };
    Pair accept() {
        Pair pair{Fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                  Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
        ucred peer{};
        socklen_t size = sizeof peer;
        ::getsockopt(pair.client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
        pair.pid = peer.pid;
        ::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&server_), sizeof server_);
        return pair;
    }
    Fate relay(const Pair& pair, bool from_client, bool from_server) {
        if (from_client) {
            const std::string said = read(pair.client);
            const bool freezes = !harm_.freeze_at.empty() && said.find(harm_.freeze_at) != std::string::npos;
            if (freezes || harm_.kill_at == seen_) ::kill(pair.pid, SIGKILL);
            if (said.empty() || ((!freezes || harm_.hand_on) && !write(said, pair.server))) return Fate::ended;
            if (harm_.kill_at == seen_ + 1) ::kill(pair.pid, SIGKILL);
            seen_ += 2;
            if (freezes) harm_.freeze_at.clear();
            if (freezes) return Fate::frozen;
        }
        if (!from_server) return Fate::lives;
        const std::string said = read(pair.server);
        return !said.empty() && write(said, pair.client) ? Fate::lives : Fate::ended;
    }
    static std::string read(const Fd& from) {
        std::string buffer(65536, '\0');
        const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
        buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return buffer;
    }
    static bool write(const std::string& said, const Fd& to) {
        return ::send(to.get(), said.data(), said.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(said.size());
    }

    sockaddr_un server_;
    Fd listening_;
    Harm harm_;
    unsigned seen_ = 0;
};

}  // namespace

Relay::Relay(std::string server, const std::string& own, Harm harm) {
    const sockaddr_un address = address_of(own);
    ::unlink(address.sun_path);
    Fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listening.get(), 8) == 0);
    Serving serving(address_of(server), std::move(listening), std::move(harm));
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serving.serve();
}

Relay::~Relay() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
}

}  // namespace ft::twophase
