// "pipe:CMD": a participant on the other side of a command's stdin and stdout, such as "ssh host ft2pc agent file:a=b".
// It speaks the line protocol (lines.h). What it has prepared survives the command: the next one goes on with it.
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/proc/bounded.h"
#include "libcore/proc/child.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/lines.h"

namespace ft::twophase {

namespace {

constexpr int grace_ms = 1000;  // between the end of a command's answers and its own

class PipeParticipant final : public Participant {
public:
    PipeParticipant(const Spec& spec, const Branch& branch, const Surroundings& surroundings)
        : command_(spec.fields.at("command")),
          folder_(spec.fields.at("folder")),
          branch_(branch.id()),
          clock_(surroundings.clock),
          prepare_limit_(surroundings.prepare_limit),
          settle_limit_(surroundings.settle_limit) {}
    PipeParticipant(const PipeParticipant&) = delete;
    PipeParticipant& operator=(const PipeParticipant&) = delete;
    ~PipeParticipant() override {
        if (child_) child_->dismiss();
    }

    Voted prepare() override {
        const Answered answered = ask(Asked::Verb::prepare, "", prepare_limit_);
        if (std::optional<Voted> voted = vote_in(answered)) return *std::move(voted);
        throw misunderstood(answered.word);
    }
    Settled commit(const std::string& token) override { return settle(Asked::Verb::commit, token); }
    Settled abort() override { return settle(Asked::Verb::abort, ""); }
    bool keeps_witness() const override { return true; }
    Settled forget() override { return settle(Asked::Verb::forget, ""); }
    void interrupt() override { interrupt_.raise(); }

private:
    Settled settle(Asked::Verb verb, const std::string& token) {
        const Answered answered = ask(verb, token, settle_limit_);
        if (std::optional<Settled> settled = settled_in(answered)) return *std::move(settled);
        throw misunderstood(answered.word);
    }

    Failure misunderstood(std::string_view what) {
        child_.reset();
        return Failure(
            {.what = "it does not speak as a participant does", .where = command_, .why = std::string(what)});
    }

    Answered ask(Asked::Verb verb, const std::string& token, std::chrono::nanoseconds limit) {
        if (verb != Asked::Verb::prepare) interrupt_.clear();  // it was said to an earlier question
        try {
            start();
            const Asked asked{.number = ++asked_, .verb = verb, .branch = branch_, .token = token};
            child_->write(view_of(line_of(asked) + "\n"), interrupt_.descriptor());
            return answer_by(clock_.monotonic() + limit);
        } catch (const Failure& failure) {  // adds what is known of the command's end
            throw ended_as(failure);
        }
    }

    void start() {
        if (child_) return;
        child_.emplace(proc::Child::start({.command = {"sh", "-c", command_},
                                           .capture_output = true,
                                           .feed_input = true,
                                           .own_group = true,
                                           .folder = folder_}));
        read_.clear();
    }

    Answered answer_by(std::chrono::nanoseconds until) {
        for (;;) {
            while (const std::optional<std::string> line = take_line()) {
                const std::optional<Answered> answered = parse_answered(*line);
                if (!answered) throw misunderstood(*line);
                if (answered->number == asked_) return *answered;  // else it was asked by who did not wait for it
            }
            if (read_.size() > longest_line) throw misunderstood("a line without an end");
            read_more(until);
        }
    }

    std::optional<std::string> take_line() {
        const std::size_t end = read_.find('\n');
        if (end == std::string::npos) return std::nullopt;
        std::string line = read_.substr(0, end);
        read_.erase(0, end + 1);
        return line;
    }

    void read_more(std::chrono::nanoseconds until) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.monotonic());
        std::array<pollfd, 2> ready{pollfd{child_->output(), POLLIN, 0}, pollfd{interrupt_.descriptor(), POLLIN, 0}};
        const int found = left.count() > 0 ? ::poll(ready.data(), ready.size(), static_cast<int>(left.count())) : 0;
        if (found < 0 && errno != EINTR) throw system_failure("cannot wait for", command_, errno);
        if (found == 0) throw Failure({.what = "it does not answer", .where = command_, .why = "the time is over"});
        if (ready[1].revents != 0) throw Failure({.what = "stopped"});
        if (ready[0].revents == 0) return;
        std::array<std::byte, 4096> buffer{};
        const std::size_t got = child_->read(buffer);
        if (got == 0) throw Failure({.what = "it has ended", .where = command_});
        read_ += text_of(View(buffer).first(got));
    }

    /// The command is ended: what comes next is asked of a new one, which finds what this one has prepared.
    Failure ended_as(const Failure& failure) {
        std::string why = failure.what();
        const bool seems_over = failure.parts().what == "it has ended" || failure.error() == EPIPE;
        if (child_ && seems_over) {
            pollfd over{child_->handle(), POLLIN, 0};
            if (::poll(&over, 1, grace_ms) > 0) why = fmt::format("the command {}", child_->wait().text());
        }
        child_.reset();
        return Failure({.what = "no answer", .where = command_, .why = why});
    }

    std::string command_, folder_, branch_;
    Clock& clock_;
    std::chrono::nanoseconds prepare_limit_, settle_limit_;
    proc::Interrupt interrupt_;
    std::optional<proc::Child> child_;
    std::string read_;
    std::uint64_t asked_ = 0;
};

Spec parse(const std::string& text, const std::string& folder) {
    if (text.empty())
        throw Failure({.what = "not a participant",
                       .where = "pipe:",
                       .why = "it names no command",
                       .todo = "give pipe:'ssh host ft2pc agent ...'",
                       .exit = Exit::usage});
    return {.fields = {{"command", text}, {"folder", folder}}};
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    if (!spec.fields.contains("command") || !spec.fields.contains("folder"))
        throw damage(spec.label, "it names no command");
    return std::make_unique<PipeParticipant>(spec, branch, surroundings);
}

}  // namespace

Kind pipe_kind() { return {.name = "pipe", .usage = "pipe:CMD", .parse = parse, .make = make}; }

}  // namespace ft::twophase
