#include "tools/ftrestore/resume.h"

#include <fmt/format.h>

#include <csignal>

#include "libcore/base/text.h"
#include "libcore/proc/child.h"
#include "libcore/proc/notify.h"
#include "tools/common/reports.h"

namespace ft::tools {

namespace {

/// The job while it runs.
class Job {
public:
    Job(ui::Env& env, const std::vector<std::string>& command)
        : env_(env), socket_(env.clock()), start_(env.clock().monotonic()), child_(start(command)) {}

    /// Waits until the job says that it is ready, or ends. returns  seconds until then; nothing where it failed first.
    [[nodiscard]] std::optional<double> wait_ready() {
        while (!ending_)
            if (step()) return elapsed();
        return ending_->succeeded() ? std::optional(elapsed()) : std::nullopt;
    }

    [[nodiscard]] proc::Ending wait() {
        while (!ending_) static_cast<void>(step());
        return *ending_;
    }

private:
    [[nodiscard]] proc::Child start(const std::vector<std::string>& command) {
        return proc::Child::start({.command = command,
                                   .inherit_input = true,
                                   .environment = {{"NOTIFY_SOCKET", socket_.address()}},
                                   .descriptor_limit = env_.descriptor_limit()});
    }
    [[nodiscard]] double elapsed() { return seconds(env_.clock().monotonic() - start_); }
    /// Waits until something happens. returns  whether the job said that it is ready.
    [[nodiscard]] bool step() {
        // Once it was handed on, the wish to stop would wake us for ever.
        const int stop = handed_on_ ? -1 : env_.stop_descriptor();
        ending_ = child_.wait_or({socket_.descriptor(), stop});
        if (env_.progress().stop && !handed_on_) {
            child_.signal(SIGTERM);
            handed_on_ = true;
        }
        return socket_.take_ready();
    }

    ui::Env& env_;
    proc::NotifySocket socket_;
    std::chrono::nanoseconds start_;
    proc::Child child_;
    std::optional<proc::Ending> ending_;
    bool handed_on_ = false;
};

}  // namespace

Exit resume(ui::Env& env, const std::vector<std::string>& command, ckpt::RestoreReport report, bool timing) {
    env.end_progress();  // the terminal is the job's now
    Job job(env, command);
    report.resume_s = job.wait_ready();
    if (report.resume_s) {
        answer_restore(env, report, timing);
        env.out().flush();
    }
    const proc::Ending ending = job.wait();
    if (!ending.succeeded())
        throw Failure({.what = "the job failed",
                       .where = "'" + printable(fmt::format("{}", fmt::join(command, " "))) + "'",
                       .why = ending.text(),
                       .todo = env.what_was_done()});
    return report.incomplete() ? Exit::incomplete : Exit::done;
}

}  // namespace ft::tools
