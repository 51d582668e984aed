#include "libcore/proc/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "libcore/base/fd.h"
#include "libcore/base/text.h"

namespace ft::proc {

namespace {

constexpr std::size_t most_of_file = 2048, most_of_command = 120;

std::string read_small_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char buffer[most_of_file];
    const ssize_t got = file ? ::read(file.get(), buffer, sizeof buffer) : -1;
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

std::optional<Status> parse(const std::string& text) {
    const std::size_t name_end = text.rfind(')');  // the program's name may hold anything, also ')'
    if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
    std::vector<std::string> fields;
    std::size_t at = name_end + 2;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        fields.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    if (fields.size() < 20) return std::nullopt;
    return Status{.state = fields[0][0],
                  .parent = static_cast<pid_t>(parse_number(fields[1]).value_or(0)),
                  .group = static_cast<pid_t>(parse_number(fields[2]).value_or(0)),
                  .started = parse_number(fields[19]).value_or(0)};
}

std::string folder_of(pid_t pid) { return fmt::format("/proc/{}", pid); }

bool has_open(pid_t pid, const FileId& file) {
    const std::string folder = folder_of(pid) + "/fd";
    const std::vector<pid_t> numbers = numbers_in(folder);
    return std::any_of(numbers.begin(), numbers.end(), [&](pid_t number) {
        struct stat found {};
        return ::stat(fmt::format("{}/{}", folder, number).c_str(), &found) == 0 && found.st_dev == file.dev &&
               found.st_ino == file.ino;
    });
}

}  // namespace

std::optional<Status> status_of(pid_t pid) { return status_in(folder_of(pid)); }

std::optional<Status> status_in(const std::string& folder) { return parse(read_small_file(folder + "/stat")); }

std::vector<pid_t> numbers_in(const std::string& folder) {
    struct Close {
        void operator()(DIR* dir) const { ::closedir(dir); }
    };
    const std::unique_ptr<DIR, Close> dir(::opendir(folder.c_str()));
    std::vector<pid_t> numbers;
    if (!dir) return numbers;
    while (const dirent* entry = ::readdir(dir.get()))
        if (const auto number = parse_number(entry->d_name)) numbers.push_back(static_cast<pid_t>(*number));
    return numbers;
}

std::optional<Identity> identity_of(pid_t pid) {
    const std::optional<Status> status = status_of(pid);
    if (!status) return std::nullopt;
    return Identity{pid, status->started, current_boot()};
}

std::optional<Identity> identity_in(const std::string& stat, std::string boot) {
    const std::optional<Status> status = parse(stat);
    const std::optional<std::uint64_t> pid = parse_number(stat.substr(0, stat.find(' ')));
    if (!status || !pid || *pid > INT32_MAX) return std::nullopt;
    return Identity{static_cast<pid_t>(*pid), status->started, std::move(boot)};
}

std::string current_boot() {
    std::string boot = read_small_file("/proc/sys/kernel/random/boot_id");
    while (boot.ends_with('\n')) boot.pop_back();
    return boot;
}

bool is_alive(const Identity& process) {
    const std::optional<Status> status = status_of(process.pid);
    return status && status->state != 'Z' && status->state != 'X' && identity_of(process.pid) == process;
}

std::vector<pid_t> holders_of(const FileId& file) {
    std::vector<pid_t> holders;
    for (const pid_t pid : numbers_in("/proc"))
        if (pid != ::getpid() && has_open(pid, file)) holders.push_back(pid);
    return holders;
}

std::string name_of(pid_t pid) {
    std::string words = read_small_file(folder_of(pid) + "/cmdline");
    while (words.ends_with('\0')) words.pop_back();
    std::replace(words.begin(), words.end(), '\0', ' ');
    if (words.size() > most_of_command) words = words.substr(0, most_of_command) + "...";
    return words.empty() ? fmt::format("pid {}", pid) : fmt::format("pid {} ({})", pid, printable(words));
}

}  // namespace ft::proc
