// "exec:CMD": any program that knows the verbs of ft-participant(7). It is run in the folder in which it was named, in
// a process group of its own, with the branch's lock as its descriptor 3.
#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/proc/bounded.h"
#include "libcore/twophase/branch_lock.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/replacement.h"

namespace ft::twophase {

namespace {

constexpr std::size_t longest_token = 4096;
constexpr std::chrono::seconds at_once{1};
constexpr int says_yes = 0, says_read_only = 10, says_heuristic = 20, says_unknown = 21, says_again = 75;
constexpr int not_executable = 126, not_found = 127;  // what a shell says where there is no such program

/// How one verb went.
struct Run {
    enum class End : std::uint8_t {
        exited,
        killed,
        never_began,
        unfinished,  ///< and perhaps it is still at work
    };
    End end = End::unfinished;
    int code = 0;  ///< exited
    std::string output, why;
};

class Exec final : public Participant {
public:
    Exec(std::string command, std::string folder, std::string branch, const Surroundings& surroundings)
        : command_(std::move(command)),
          folder_(std::move(folder)),
          branch_(std::move(branch)),
          surroundings_(surroundings) {}

    Voted prepare() override;
    Settled commit(const std::string& token) override;
    Settled abort() override;
    Settled fence() override;
    void interrupt() override { interrupt_.raise(); }

private:
    [[nodiscard]] proc::Bounds bounds(std::chrono::nanoseconds limit) const {
        return proc::bounds_from_now(surroundings_.clock, limit, {surroundings_.stop, interrupt_.descriptor()});
    }
    [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& arguments) const;
    [[nodiscard]] Run run(const std::vector<std::string>& arguments, std::chrono::nanoseconds limit) const;
    [[nodiscard]] Run run_locked(BranchLock& lock, const std::vector<std::string>& arguments,
                                 const proc::Bounds& bounds) const;
    [[nodiscard]] Voted yes(const std::string& output) const;
    [[nodiscard]] Voted refuse(const std::string& why) const;
    [[nodiscard]] Settled settled(const Run& run) const;

    std::string command_, folder_, branch_;
    Surroundings surroundings_;
    proc::Interrupt interrupt_;
};

std::string_view because(proc::Waited waited) {
    return waited == proc::Waited::stopped ? "it was stopped" : "it took too long";
}

/// A plain word is run as it is; anything else is the shell's to understand.
std::vector<std::string> Exec::words(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words;
    if (command_.find_first_of("|&;<>()$`\\\"' \t\n*?[#~=%{}!") == std::string::npos)
        words = {command_};
    else
        words = {"/bin/sh", "-c", command_ + " \"$@\"", command_};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

Run Exec::run(const std::vector<std::string>& arguments, std::chrono::nanoseconds limit) const {
    const proc::Bounds until = bounds(limit);
    BranchLock lock = BranchLock::find_or_make(surroundings_.locks, branch_);
    const proc::Waited waited = proc::wait_until([&] { return lock.try_lock(); }, until);
    if (waited != proc::Waited::done) return {.why = fmt::format("something still runs for it: {}", lock.holders())};
    Run run = run_locked(lock, arguments, until);
    if (run.end == Run::End::exited) run.why = fmt::format("'{} {}' exited with {}", command_, arguments[0], run.code);
    return run;
}

/// It has ended when nobody holds the lock any more.
Run Exec::run_locked(BranchLock& lock, const std::vector<std::string>& arguments, const proc::Bounds& until) const {
    proc::Ran ran;
    try {
        ran = proc::run_bounded({.command = words(arguments),
                                 .own_group = true,
                                 .folder = folder_,
                                 .descriptor_3 = lock.descriptor(),
                                 .signs_at = lock.make_record()},
                                until, longest_token + 2);
    } catch (const Failure& failure) {  // this participant's failure is its answer
        lock.remove();
        return {.end = Run::End::never_began, .why = failure.what()};
    }
    lock.let_go();
    // What was ended lets go at once; what has ended may have left something that has not.
    const proc::Bounds rest = ran.ending ? until : proc::bounds_from_now(surroundings_.clock, at_once, {});
    const proc::Waited waited = proc::wait_until([&] { return lock.try_lock(); }, rest);
    if (waited != proc::Waited::done) {
        const std::string holders = lock.holders();
        lock.kill_group();
        return {.why = fmt::format("{} still holds its descriptor 3; {}", holders, because(waited))};
    }
    lock.remove();
    if (!ran.ending)
        return {.why = fmt::format("'{} {}' was ended: {}", command_, arguments[0],
                                   because(ran.stopped ? proc::Waited::stopped : proc::Waited::late))};
    if (ran.ending->signal != 0)
        return {.end = Run::End::killed, .why = fmt::format("'{} {}' {}", command_, arguments[0], ran.ending->text())};
    return {.end = Run::End::exited, .code = ran.ending->code, .output = std::move(ran.output)};
}

Voted Exec::prepare() {
    const Run run = this->run({"prepare", branch_}, surroundings_.prepare_limit);
    if (run.end == Run::End::never_began) return {Vote::no, "", run.why};
    if (run.end != Run::End::exited) return {Vote::silent, "", run.why};
    if (run.code == says_yes) return yes(run.output);
    if (run.code == says_read_only) return {Vote::read_only, "", ""};
    return refuse(run.why);
}

Voted Exec::yes(const std::string& output) const {
    const std::string token = output.substr(0, output.find('\n'));
    if (token.size() > longest_token) return refuse(fmt::format("its token is longer than {} bytes", longest_token));
    if (token.find('\0') != std::string::npos) return refuse("its token has a zero byte, which no argument can have");
    return {Vote::yes, token, ""};
}

/// It may have failed half way.
Voted Exec::refuse(const std::string& why) const {
    const Run run = this->run({"abort", branch_}, surroundings_.settle_limit);
    const bool is_missing = run.end == Run::End::exited && (run.code == not_found || run.code == not_executable);
    if (is_missing || settled(run).ack == Ack::done || (run.end == Run::End::exited && run.code == says_unknown))
        return {Vote::no, "", why};
    return {Vote::silent, "", why + "; then " + run.why};
}

Settled Exec::settled(const Run& run) const {
    if (run.end != Run::End::exited) return {Ack::again, run.why};
    switch (run.code) {
        case says_yes:
            return {Ack::done, ""};
        case says_heuristic:
            return {Ack::broken, run.why + ": it decided otherwise"};
        case says_unknown:
            return {Ack::unknown, run.why + ": it does not know the branch"};
        case says_again:
            return {Ack::again, run.why + ": not now"};
        default:
            return {Ack::again, run.why};
    }
}

Settled Exec::commit(const std::string& token) {
    interrupt_.clear();
    return settled(run({"commit", branch_, token}, surroundings_.settle_limit));
}

Settled Exec::abort() {
    interrupt_.clear();
    const Settled answer = settled(run({"abort", branch_}, surroundings_.settle_limit));
    return answer.ack == Ack::unknown ? Settled{Ack::done, ""} : answer;
}

Settled Exec::fence() {
    interrupt_.clear();
    std::optional<BranchLock> lock = BranchLock::find(surroundings_.locks, branch_);
    if (!lock) return {Ack::done, ""};
    lock->kill_group();
    const auto is_over = [&] { return lock->try_lock() && !lock->has_leader(); };
    if (proc::wait_until(is_over, bounds(surroundings_.settle_limit)) != proc::Waited::done) {
        return {Ack::again, lock->holders() + " still runs for it and does not end: end it"};
    }
    lock->remove();
    return {Ack::done, ""};
}

Spec parse(const std::string& text, const std::string& folder) {
    if (text.find_first_not_of(" \t\n") == std::string::npos)
        throw Failure({.what = "cannot understand 'exec:" + text + "'",
                       .why = "there is no command",
                       .todo = "see ft2pc(1), PARTICIPANTS",
                       .exit = Exit::usage});
    return {.kind = "exec", .label = "exec:" + text, .fields = {{"command", text}, {"folder", folder}}};
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    return std::make_unique<Exec>(field_of(spec, "command"), path_of(spec, "folder"), branch.id(), surroundings);
}

}  // namespace

Kind exec_kind() { return {"exec", "exec:COMMAND", parse, make}; }

}  // namespace ft::twophase
