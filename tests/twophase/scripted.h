// Participants that do as a test says, and the journal of a transaction of theirs on the simulated disk.
//
//     Troupe troupe(2);   troupe[0].prepare = [] { return no("busy"); };
//     Report r = troupe.coordinator().commit();   troupe.calls();  // "prepare 0, prepare 1, abort 1"
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libcore/proc/bounded.h"
#include "libcore/sim/disk.h"
#include "libcore/twophase/coordinator.h"
#include "libcore/twophase/home.h"

namespace ft::twophase {

[[nodiscard]] inline Voted yes(std::string token = "t") { return {Vote::yes, std::move(token), ""}; }
[[nodiscard]] inline Voted no(std::string why) { return {Vote::no, "", std::move(why)}; }
[[nodiscard]] inline Settled done() { return {Ack::done, ""}; }
[[nodiscard]] inline Settled again(std::string why = "later") { return {Ack::again, std::move(why)}; }

/// What one participant answers. Called on the threads of the desk.
struct Script {
    std::function<Voted()> prepare = [] { return yes(); };
    std::function<Settled(const std::string& token)> commit = [](const std::string&) { return done(); };
    std::function<Settled()> abort = done, forget = done, fence = done;
    std::function<void()> interrupt = [] {};
    bool witness = false;
    std::optional<proc::Interrupt> server{};  ///< asked by who waits for answers, which it is ready to give once raised
};

/// Calls in the order in which they began. Thread-safe.
class Calls {
public:
    void note(const std::string& call) {
        std::lock_guard lock(mutex_);
        text_ += (text_.empty() ? "" : ", ") + call;
    }
    [[nodiscard]] std::string text() {
        std::lock_guard lock(mutex_);
        return text_;
    }

private:
    std::mutex mutex_;
    std::string text_;
};

class Troupe {
public:
    explicit Troupe(std::size_t participants);

    [[nodiscard]] Script& operator[](std::size_t i) { return scripts_[i]; }
    [[nodiscard]] std::string calls() { return calls_.text(); }
    [[nodiscard]] Desk::Participants participants();

    /// A transaction of all of them.
    [[nodiscard]] Journal begin(bool asked = false);
    /// One after the other on this thread, in the disk's time, unless pace says otherwise.
    [[nodiscard]] Report drive(Journal& journal, Report (Coordinator::*verb)(), Pace pace = {.threads = 0});
    /// What the journal says, as the next command finds it; std::nullopt where it is gone.
    [[nodiscard]] std::optional<Story> story(std::uint64_t number) {
        return read_story(home.journals(), home.coordinator(), number);
    }

    sim::SimDisk disk;
    std::unique_ptr<io::Dir> root = disk.root();
    Home home;
    Progress progress;

private:
    std::vector<Script> scripts_;
    Calls calls_;
};

}  // namespace ft::twophase
