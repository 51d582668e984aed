#include "libcore/proc/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "libcore/base/failure.h"

namespace ft::proc {

namespace {

struct Address {
    sockaddr_un name{};
    socklen_t length = 0;
};

/// "@name" is abstract: its first byte is 0 and its length counts.
Address address_of(std::string_view text) {
    Address address;
    address.name.sun_family = AF_UNIX;
    const std::size_t size = std::min(text.size(), sizeof address.name.sun_path - 1);
    std::copy_n(text.data(), size, address.name.sun_path);
    if (text.starts_with('@')) address.name.sun_path[0] = '\0';
    address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    return address;
}

bool has_line(std::string_view message, std::string_view line) {
    while (!message.empty()) {
        const std::size_t end = std::min(message.find('\n'), message.size());
        if (message.substr(0, end) == line) return true;
        message.remove_prefix(std::min(end + 1, message.size()));
    }
    return false;
}

/// Best effort, as sd_notify itself is: nobody waits for these messages.
void pass_on(int socket, std::string_view message) {
    const char* outer = std::getenv("NOTIFY_SOCKET");
    if (outer == nullptr || *outer == '\0') return;
    const Address to = address_of(outer);
    ::sendto(socket, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&to.name), to.length);
}

}  // namespace

NotifySocket::NotifySocket(Clock& clock)
    : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      address_(fmt::format("@ft-notify-{}", clock.random_uuid().hex())) {
    const Address address = address_of(address_);
    if (!socket_ || ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address.name), address.length) != 0)
        throw system_failure("cannot listen for READY=1", "", errno);
}

bool NotifySocket::take_ready() {
    bool ready = false;
    char buffer[4096];
    for (;;) {
        const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return ready;
        const std::string_view message(buffer, static_cast<std::size_t>(got));
        ready = ready || has_line(message, "READY=1");
        pass_on(socket_.get(), message);
    }
}

}  // namespace ft::proc
