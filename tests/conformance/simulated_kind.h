// A kind of participant whose world is a simulated disk: its coordinator can be killed at each step there.
#pragma once

#include <memory>
#include <string>

#include "libcore/sim/disk.h"
#include "tests/conformance/participant_suite.h"

namespace ft::conformance {

/// Objects are called "a", "b" and "c".
class SimulatedKind : public TestedKind {
public:
    std::unique_ptr<Participant> make(const Branch& branch, unsigned object) final {
        return make_in(0, branch, object);
    }
    bool kill_in(Stage stage, const Branch& branch, unsigned object, unsigned step) final {
        const sim::ProcessId victim = ++last_process_;
        disk_.kill_at(victim, step);
        try {
            const auto participant = make_in(victim, branch, object);
            if (stage == Stage::prepare) (void)participant->prepare();
            if (stage == Stage::commit) (void)participant->commit("");
            if (stage == Stage::abort) (void)participant->abort();
        } catch (const sim::Killed&) {
            return true;
        }
        return false;
    }

protected:
    static std::string name_of(unsigned object) { return std::string(1, static_cast<char>('a' + object)); }
    /// As a process of that number makes it.
    virtual std::unique_ptr<Participant> make_in(sim::ProcessId process, const Branch& branch, unsigned object) = 0;
    /// "d", for those whose objects lie in it.
    std::unique_ptr<io::Dir> below(sim::ProcessId process) {
        const auto root = disk_.root(process);
        root->make_dir("d", 0755);
        return io::open_dir(*root, "d");
    }
    sim::SimDisk& disk() { return disk_; }
    io::Dir& locks() { return *locks_; }

private:
    sim::SimDisk disk_;
    std::unique_ptr<io::Dir> locks_ = disk_.root();
    sim::ProcessId last_process_ = 10;
};

}  // namespace ft::conformance
