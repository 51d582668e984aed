#include "tests/twophase/scripted.h"

#include <fmt/format.h>

namespace ft::twophase {

namespace {

class Scripted final : public Participant {
public:
    Scripted(Script& script, std::size_t number, Calls& calls) : script_(script), number_(number), calls_(calls) {}

    Voted prepare() override { return note("prepare").prepare(); }
    Settled commit(const std::string& token) override { return note("commit").commit(token); }
    Settled abort() override { return note("abort").abort(); }
    Settled forget() override { return note("forget").forget(); }
    Settled fence() override { return note("fence").fence(); }
    void interrupt() override { script_.interrupt(); }
    bool begin_prepare() override { return begin("prepare"); }
    bool begin_commit(const std::string&) override { return begin("commit"); }
    bool is_ready() override {
        SystemClock clock;
        return proc::wait_readable(answer_descriptor(), proc::bounds_from_now(clock, {}, {})) == proc::Waited::done;
    }
    [[nodiscard]] int answer_descriptor() const override { return script_.server->descriptor(); }
    [[nodiscard]] bool keeps_witness() const override { return script_.witness; }

private:
    Script& note(std::string_view verb) {
        calls_.note(fmt::format("{} {}", verb, number_));
        return script_;
    }
    bool begin(std::string_view verb) {
        if (script_.server) calls_.note(fmt::format("begin {} {}", verb, number_));
        return script_.server.has_value();
    }
    Script& script_;
    std::size_t number_;
    Calls& calls_;
};

}  // namespace

Troupe::Troupe(std::size_t participants)
    : home(Home::open_or_create(io::ensure_dir(*root, "home"), disk.clock())), scripts_(participants) {}

Desk::Participants Troupe::participants() {
    Desk::Participants all;
    for (std::size_t i = 0; i < scripts_.size(); ++i) all.push_back(std::make_unique<Scripted>(scripts_[i], i, calls_));
    return all;
}

Journal Troupe::begin(bool asked) {
    std::vector<Spec> parts;
    for (std::size_t i = 0; i < scripts_.size(); ++i)
        parts.push_back({.kind = "scripted", .label = fmt::format("scripted:{}", i), .fields = {}});
    return Journal::create(home.journals(), disk.clock(), home.coordinator(), std::chrono::minutes(5), parts, asked);
}

Report Troupe::drive(Journal& journal, Report (Coordinator::*verb)(), Pace pace) {
    Coordinator coordinator(journal, participants(), disk.clock(), progress, pace);
    return (coordinator.*verb)();
}

}  // namespace ft::twophase
