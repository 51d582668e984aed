// The one signal handler: it may only use what signal-safety(7) allows, so it reads /proc/self/maps and writes by hand.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "libcore/base/failure.h"
#include "libcore/ui/signals.h"

namespace ft::ui {

namespace {

struct Piece {
    char text[8192];
    std::size_t size = 0;

    void add(const char* more, std::size_t length) {
        for (std::size_t i = 0; i < length && size < sizeof text; ++i) text[size++] = more[i];
    }
    void add(const char* more) { add(more, std::strlen(more)); }
    /// As the inside of a JSON string.
    void add_quoted(const char* more, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i) {
            if (more[i] == '"' || more[i] == '\\') add("\\");
            if (static_cast<unsigned char>(more[i]) >= 0x20) add(more + i, 1);
        }
    }
};

std::uint64_t hex_number(const char*& at, const char* end) {
    std::uint64_t value = 0;
    for (; at < end; ++at) {
        const char c = *at;
        if (c >= '0' && c <= '9')
            value = value * 16 + static_cast<std::uint64_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + static_cast<std::uint64_t>(c - 'a' + 10);
        else
            break;
    }
    return value;
}

/// Whether a line "start-end perms offset dev inode   path" covers the address; if so, its path.
bool path_in(const char* line, const char* end, std::uint64_t address, Piece& path) {
    const char* at = line;
    const std::uint64_t first = hex_number(at, end);
    if (at == end || *at != '-') return false;
    ++at;
    if (address < first || address >= hex_number(at, end)) return false;
    while (at < end && *at != '/') ++at;
    path.add(at, static_cast<std::size_t>(end - at));
    return true;
}

void find_mapping(std::uint64_t address, Piece& path) {
    const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return;
    Piece line;
    char c = 0;
    while (::read(maps, &c, 1) == 1) {
        if (c != '\n') {
            line.add(&c, 1);
            continue;
        }
        if (path_in(line.text, line.text + line.size, address, path)) break;
        line.size = 0;
    }
    ::close(maps);
}

constexpr const char* reason = "the file was cut short or its disk cannot read it while it was in use";
constexpr const char* remedy = "what it belongs to may be damaged; for a store, run 'ftckpt verify'";

void report(const siginfo_t& info, bool json, int descriptor) {
    Piece path;
    find_mapping(reinterpret_cast<std::uint64_t>(info.si_addr), path);
    if (path.size == 0) path.add("a mapped file");
    Piece message;
    if (json) {
        message.add("{\"v\":1,\"tool\":\"");
        message.add(program_invocation_short_name);
        message.add("\",\"type\":\"error\",\"exit\":4,\"what\":\"damaged\",\"where\":\"");
        message.add_quoted(path.text, path.size);
        message.add("\",\"why\":\"");
    } else {
        message.add(program_invocation_short_name);
        message.add(": damaged: ");
        message.add(path.text, path.size);
        message.add(": ");
    }
    message.add(reason);
    message.add(json ? "\",\"todo\":\"" : "; ");
    message.add(remedy);
    message.add(json ? "\"}\n" : "\n");
    // Nothing can be done about a message that cannot be written; the exit code says the same.
    [[maybe_unused]] const ssize_t written = ::write(descriptor, message.text, message.size);
    ::_exit(static_cast<int>(Exit::damage));
}

// One function for each way to say it: a handler could only learn it from a global variable.
template <bool json, int descriptor>
void handle(int, siginfo_t* info, void*) {
    report(*info, json, descriptor);
}

}  // namespace

void report_bus_errors(BusReport as) {
    struct sigaction action {};
    action.sa_sigaction = handle<false, STDERR_FILENO>;
    if (as == BusReport::json_on_stdout) action.sa_sigaction = handle<true, STDOUT_FILENO>;
    if (as == BusReport::json_on_stderr) action.sa_sigaction = handle<true, STDERR_FILENO>;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace ft::ui
