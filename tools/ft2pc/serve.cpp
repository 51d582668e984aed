#include <fmt/format.h>

#include <mutex>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/proc/input.h"
#include "libcore/twophase/plan.h"
#include "libcore/twophase/serve_lines.h"
#include "libcore/twophase/server.h"
#include "tools/ft2pc/commands.h"
#include "tools/ft2pc/opened_home.h"

namespace ft::tools {

namespace {

using namespace twophase;

struct ServeOptions {
    HomeOptions home;
    PaceOptions pace;
    unsigned at_once = 16;
};

void declare(ui::Flags& flags, ServeOptions& options) {
    declare_home(flags, options.home);
    declare_pace(flags, options.pace);
    flags.option("--at-once", options.at_once, "N", "so many transactions side by side (default 16)");
}

/// Of all lines together.
struct Tally {
    std::uint64_t committed = 0, aborted = 0, refused = 0, in_doubt = 0, incomplete = 0;
    bool broken = false;
};

Exit exit_of(const Tally& tally) {
    if (tally.broken) return Exit::damage;
    if (tally.in_doubt > 0) return Exit::in_doubt;
    if (tally.refused > 0) return Exit::usage;
    if (tally.aborted > 0) return Exit::no;
    return tally.incomplete > 0 ? Exit::incomplete : Exit::done;
}

void count(Tally& tally, const Report& report) {
    if (report.decision == Decision::none) ++tally.in_doubt;
    if (report.decision == Decision::commit) ++tally.committed;
    if (report.decision == Decision::abort) ++tally.aborted;
    if (!report.complete) ++tally.incomplete;
    tally.broken = tally.broken || has_broken(report);
}

/// "17 3f9c0a1b5d7e2468 committed"
std::string sentence(std::uint64_t line, const Report& report) {
    std::string text = fmt::format("{} {} {}", line, name_of(report.number), outcome_of(report));
    const std::string left = report.complete ? "" : unsettled(report);
    const std::string& why = left.empty() ? report.why : left;
    return why.empty() ? text : text + ": " + printable(why);
}

class Service {
public:
    Service(ui::Env& env, OpenedHome& opened, const ServeOptions& options)
        : env_(env),
          options_(options),
          folder_(current_folder()),
          server_(*opened.home(), opened.makers(options.pace), env.clock(), env.progress(), pace_of(options.pace)) {}

    void handle(std::string_view line, std::uint64_t number) {
        std::vector<Spec> parts;
        try {
            parts = parse_plan(line, fmt::format("line {}", number), folder_, [&](const std::string& path) {
                        return read_text(env_, path);
                    }).parts;
        } catch (const Failure& failure) {  // a bad line is answered, and does not end the service
            return refuse(number, failure);
        }
        tell(number, server_.run(parts));
        server_.tidy();
    }

    /// There is time for what nobody waits for.
    void idle() { server_.tidy_all(); }

    /// Whatever ended it.
    void close() { server_.close(); }

    Exit end(std::uint64_t lines) {
        close();
        tally_.incomplete += server_.left();
        ui::Answer fields;
        fields.number("lines", lines).number("committed", tally_.committed).number("aborted", tally_.aborted);
        fields.number("refused", tally_.refused).number("in_doubt", tally_.in_doubt);
        env_.summary("", fields);
        if (tally_.incomplete > 0)
            env_.warn(fmt::format("not ended everywhere: {} of {} transactions; 'ft2pc recover' goes on with them",
                                  tally_.incomplete, lines));
        return exit_of(tally_);
    }

private:
    void refuse(std::uint64_t number, const Failure& failure) {
        const std::lock_guard lock(mutex_);
        ++tally_.refused;
        env_.item(fmt::format("{} - refused: {}", number, printable(failure.what())),
                  ui::Answer().number("line", number).text("outcome", "refused").text("why", failure.what()));
        env_.out().flush();
    }
    void tell(std::uint64_t number, const Report& report) {
        const bool in_json = env_.common().json;
        const std::string text = in_json ? "" : sentence(number, report);
        const ui::Answer fields = in_json ? fields_of(report, {}).number("line", number) : ui::Answer();
        const std::lock_guard lock(mutex_);
        count(tally_, report);
        if (options_.pace.timing) tell_timing(env_, report, {});
        env_.item(text, fields);
        env_.out().flush();
    }

    ui::Env& env_;
    const ServeOptions& options_;
    std::string folder_;
    Server server_;
    std::mutex mutex_;  // guards env_'s output, tally_
    Tally tally_;
};

Exit run(ui::Env& env, const ServeOptions& options) {
    if (options.at_once == 0 || options.at_once > 1024)
        throw ui::usage_failure("not a number of transactions", std::to_string(options.at_once), "",
                                "give --at-once 1 to 1024");
    OpenedHome opened(env, options.home, true);
    opened.keep_connections();
    Service service(env, opened, options);
    proc::Input input = proc::Input::of_stdin(env.stop_descriptor());
    try {
        return service.end(serve_lines(
            input, [&](std::string_view line, std::uint64_t number) { service.handle(line, number); },
            [&] { service.idle(); }, options.at_once));
    } catch (...) {  // a signal, or nobody listens any more: what has ended leaves nothing behind
        service.close();
        throw;
    }
}

}  // namespace

ui::Command add_serve() {
    return ui::make_command<ServeOptions>(
        {.name = "serve",
         .usage = {"[--at-once N]"},
         .purpose = "read plans from stdin, one a line, and answer each with a line; decisions share flushes",
         .examples = {{"echo 'participants = [\"file:a=a.new\", \"counter:jobs+1\"]' | ft2pc serve",
                       "1 3f9c0a1b5d000001 committed"}},
         .details = {"An answer is the number of its line, the transaction's name, and what became of it. Answers come "
                     "as transactions end, not in the order of the lines.",
                     "What a crash leaves is ended by 'ft2pc recover'."}},
        declare, run);
}

}  // namespace ft::tools
