#include "tests/drill/programs.h"

#include <sys/timerfd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace ft::drill {

namespace fs = std::filesystem;
using Moment = std::chrono::steady_clock::time_point;

namespace {

constexpr std::chrono::minutes patience{5};

std::string all_output(proc::Child& child) {
    std::string all;
    std::array<std::byte, 4096> buffer{};
    while (const std::size_t got = child.read(buffer)) all.append(reinterpret_cast<const char*>(buffer.data()), got);
    return all;
}

/// What it says is less than a pipe holds.
Ran end_of(proc::Child& child, const std::string& name, Moment start) {
    const Fd deadline = timer(patience);
    const std::optional<proc::Ending> ending = child.wait_or({deadline.get()});
    if (!ending) throw std::runtime_error(name + " hangs");
    return {*ending, all_output(child), std::chrono::steady_clock::now() - start};
}

std::string text_of(const Command& command) {
    std::string text;
    for (const std::string& word : command) text += (text.empty() ? "" : " ") + word;
    return text;
}

}  // namespace

Fd timer(std::chrono::nanoseconds after) {
    Fd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    itimerspec spec{};
    spec.it_value.tv_sec = after.count() / 1'000'000'000;
    spec.it_value.tv_nsec = after.count() % 1'000'000'000 + 1;  // zero would be never
    if (::timerfd_settime(fd.get(), 0, &spec, nullptr) != 0) throw std::runtime_error("no timer");
    return fd;
}

Programs::Programs(const fs::path& store) : store_(store) {
    const char* chosen = std::getenv("FT_BIN");
    folder_ = chosen != nullptr ? fs::path(chosen) : fs::read_symlink("/proc/self/exe").parent_path();
}

proc::Child Programs::start(const Command& command, bool feed) const {
    proc::Spawn spawn{.command = command, .capture_output = true, .feed_input = feed};
    spawn.command.front() = folder_ / command.front();
    spawn.environment = {{"FT_STORE", store_.string()}, {"FT_FAULTS", ""}};
    return proc::Child::start(spawn);
}

Ran Programs::run(const Command& command) const { return run_beside({command}, std::nullopt).front(); }

std::vector<Ran> Programs::run_beside(const std::vector<Command>& commands, const std::optional<Kill>& kill) const {
    const Moment start = std::chrono::steady_clock::now();
    std::vector<proc::Child> children;
    for (const Command& command : commands) children.push_back(this->start(command));
    std::vector<std::optional<Ran>> ran(commands.size());
    if (kill) {
        const Fd moment = timer(kill->after);
        const std::size_t first = kill->victim.value_or(0);
        if (const auto ending = children[first].wait_or({moment.get()})) {
            ran[first] = {*ending, all_output(children[first]), std::chrono::steady_clock::now() - start};
        }
        for (std::size_t i = 0; i < children.size(); ++i)
            if (!kill->victim || i == first) children[i].signal(SIGKILL);
    }
    std::vector<Ran> all;
    for (std::size_t i = 0; i < children.size(); ++i)
        all.push_back(ran[i] ? *ran[i] : end_of(children[i], text_of(commands[i]), start));
    return all;
}

}  // namespace ft::drill
