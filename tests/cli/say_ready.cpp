// Says READY=1 to whoever started it (sd_notify(3)), as a job does when it works again.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

int main() {
    const char* socket = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string_view name = socket != nullptr ? socket : "";
    if (name.empty() || name.size() >= sizeof address.sun_path) return 1;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';  // the abstract name space
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    const std::string_view message = "READY=1";
    const int from = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const ssize_t sent =
        ::sendto(from, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
    if (sent == static_cast<ssize_t>(message.size())) return 0;
    std::perror("say_ready");
    return 1;
}
