#include "tests/drill/crowd.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

namespace ft::drill {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::minutes patience{5};

/// One program, from its start to its end.
class Player {
public:
    Player(const Programs& programs, const Part& part)
        : part_(part), start_(Clock::now()), child_(programs.start(part.command, !part.chunks.empty())) {
        if (part.kill_after) kill_at_ = start_ + *part.kill_after;
        give();
    }

    [[nodiscard]] bool has_ended() const { return ended_; }
    [[nodiscard]] int output() const { return child_.output(); }
    [[nodiscard]] std::optional<Clock::time_point> kill_at() const { return kill_at_; }

    /// Once there is something to read.
    void hear() {
        std::array<std::byte, 4096> buffer{};
        const std::size_t got = child_.read(buffer);
        const std::string_view text(reinterpret_cast<const char*>(buffer.data()), got);
        played_.ran.answer += text;
        answered_ += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
        if (got == 0) return end();
        if (!killed_ && answered_ == asked_) give();
    }
    void kill() {
        kill_at_.reset();
        killed_ = true;
        child_.signal(SIGKILL);
    }
    [[nodiscard]] Played take() { return std::move(played_); }

private:
    void give() {
        if (part_.chunks.empty()) return;
        if (played_.given == part_.chunks.size()) return child_.close_input();
        const std::string& chunk = part_.chunks[played_.given++];
        asked_ += static_cast<std::size_t>(std::count(chunk.begin(), chunk.end(), '\n'));
        child_.write(std::as_bytes(std::span(chunk)));
    }
    void end() {
        played_.ran.ending = child_.wait();
        played_.ran.duration = Clock::now() - start_;
        kill_at_.reset();
        ended_ = true;
    }

    const Part& part_;
    Clock::time_point start_;
    proc::Child child_;
    std::optional<Clock::time_point> kill_at_;
    Played played_;
    std::size_t asked_ = 0, answered_ = 0;  // lines
    bool killed_ = false, ended_ = false;
};

void kill_those_due(std::vector<Player>& players) {
    const Clock::time_point now = Clock::now();
    for (Player& one : players)
        if (one.kill_at() && *one.kill_at() <= now) one.kill();
}

/// Until somebody says something, or is to be killed.
void wait_and_hear(std::vector<Player>& players, Clock::time_point until) {
    std::vector<pollfd> waits;
    std::vector<Player*> heard;
    for (Player& one : players) {
        if (one.has_ended()) continue;
        waits.push_back({.fd = one.output(), .events = POLLIN, .revents = 0});
        heard.push_back(&one);
        if (one.kill_at()) until = std::min(until, *one.kill_at());
    }
    const Fd moment = timer(std::max<std::chrono::nanoseconds>(std::chrono::nanoseconds(0), until - Clock::now()));
    waits.push_back({.fd = moment.get(), .events = POLLIN, .revents = 0});
    if (again([&] { return ::poll(waits.data(), waits.size(), -1); }) < 0) throw std::runtime_error("cannot poll");
    for (std::size_t i = 0; i < heard.size(); ++i)
        if (waits[i].revents != 0) heard[i]->hear();
}

}  // namespace

std::vector<Played> play(const Programs& programs, const std::vector<Part>& parts) {
    const Clock::time_point deadline = Clock::now() + patience;
    std::vector<Player> players;
    players.reserve(parts.size());
    for (const Part& part : parts) {
        players.emplace_back(programs, part);
        kill_those_due(players);
    }
    while (!std::all_of(players.begin(), players.end(), [](const Player& one) { return one.has_ended(); })) {
        kill_those_due(players);
        wait_and_hear(players, deadline);
        if (Clock::now() > deadline) throw std::runtime_error("a program hangs");
    }
    std::vector<Played> played;
    for (Player& one : players) played.push_back(one.take());
    return played;
}

}  // namespace ft::drill
