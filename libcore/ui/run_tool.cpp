#include "libcore/ui/run_tool.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include "libcore/base/text.h"
#include "libcore/ui/attendant.h"
#include "libcore/ui/completion.h"
#include "libcore/ui/help.h"
#include "libcore/ui/report.h"

namespace ft {

namespace ui {
namespace {

constexpr int try_again_ms = 100;

using Words = std::vector<std::string>;

/// How a run ended: an exit code, or a signal to die by.
struct Ending {
    Exit exit = Exit::done;
    int signal = 0;
};

/// Whether `word` stands among the words before "--".
bool asks_for(const Words& words, std::string_view word) {
    const auto dashes = std::find(words.begin(), words.end(), "--");
    return std::find(words.begin(), dashes, word) != dashes;
}

ProgressMode progress_mode(const std::string& word) {
    if (word == "always") return ProgressMode::always;
    if (word == "never") return ProgressMode::never;
    return word == "json" ? ProgressMode::json : ProgressMode::automatic;
}

Failure unknown_command(const Tool& tool, const std::string& word) {
    std::vector<std::string> known{"completion", "help"};
    for (const auto& add : tool.commands) known.push_back(add().text.name);
    const std::string todo = fmt::format("see '{} --help'", tool.name);
    if (word.starts_with("-"))
        return usage_failure(fmt::format("unknown flag '{}'", printable(word)), "", "",
                             fmt::format("flags come after the command; {}", todo));
    const auto other = tool.elsewhere.find(word);
    const auto meant = did_you_mean(word, known);
    if (other != tool.elsewhere.end())
        return usage_failure(fmt::format("unknown command '{}'", word), "", "", other->second);
    return usage_failure(fmt::format("unknown command '{}'", printable(word)), "", "",
                         meant ? fmt::format("did you mean '{}'?", *meant) : todo);
}

/// One run of one command: what lives as long as it does.
class Run {
public:
    struct World {
        Output& out;
        Output& errors;
        std::uint64_t descriptor_limit = 0;
    };
    Run(const Tool& tool, const Words& words, World world)
        : tool_(tool),
          words_(words),
          out_(world.out),
          errors_(world.errors),
          descriptor_limit_(world.descriptor_limit),
          json_(asks_for(words, "--json")) {}

    /// Runs it, with every failure said and turned into an exit code.
    Ending guarded();

private:
    Exit dispatch();
    Exit dispatch_word();
    Exit until_free(Env& env, const std::function<Exit(Env&)>& body);
    Exit run_command(const Command& command, const Words& words);
    Exit print(const std::string& text);
    int dismiss();
    [[nodiscard]] std::string what_was_done() const;
    Ending stopped_or(const Failure& failure);
    Ending unwritten(const Failure& failure);
    void say(const Failure& failure);

    const Tool& tool_;
    const Words& words_;
    Output& out_;
    Output& errors_;
    std::uint64_t descriptor_limit_;
    bool json_;
    SystemClock clock_;
    Progress progress_;
    std::optional<Signals> signals_;
    // Of the one command that is run; in this order, as each uses those above it.
    std::unique_ptr<ProgressLine> line_;
    std::unique_ptr<Attendant> attendant_;
    std::unique_ptr<Env> env_;
};

Ending Run::guarded() {
    try {
        signals_.emplace();
        const Exit exit = dispatch();
        const int signal = dismiss();
        out_.close();
        return {exit, signal};
    } catch (const Failure& failure) {
        return stopped_or(failure);
    } catch (const std::bad_alloc&) {
        return stopped_or(
            Failure({.what = "out of memory", .where = "", .why = "", .todo = "free some, or give fewer --jobs"}));
    } catch (const std::exception& error) {
        return stopped_or(Failure({.what = "cannot go on", .where = "", .why = error.what(), .todo = ""}));
    }
}

/// A command that the user stopped fails in any way it likes: what counts is the signal.
Ending Run::stopped_or(const Failure& failure) {
    if (const int signal = dismiss(); signal != 0) {
        say(Failure({.what = fmt::format("stopped by SIG{}", ::sigabbrev_np(signal)), .todo = what_was_done()}));
        return {Exit::failed, signal};
    }
    if (out_.failed()) return unwritten(failure);
    out_.try_write("");  // what was answered before stands, and is shown
    say(failure);
    return {failure.exit(), 0};
}

std::string Run::what_was_done() const { return env_ ? env_->what_was_done() : ""; }

/// stdout could not be written. A reader that went away (head, less) ends a command that only reads quietly.
Ending Run::unwritten(const Failure& failure) {
    if (what_was_done().empty()) {
        if (failure.error() == EPIPE) return {Exit::failed, SIGPIPE};
        errors_.try_write(failure_line(tool_.name, failure));
        return {failure.exit(), 0};
    }
    Failure::Parts parts = failure.parts();
    parts.what = fmt::format("{}, but cannot write the answer", what_was_done());
    errors_.try_write(failure_line(tool_.name, Failure(parts)));
    return {Exit::incomplete, 0};
}

void Run::say(const Failure& failure) {
    if (!json_) {
        errors_.try_write(failure_line(tool_.name, failure));
        return;
    }
    Output& where = env_ && env_->has_data_on_stdout() ? errors_ : out_;
    where.try_write(failure_answer(failure).json(tool_.name, "error") + "\n");
    if (where.failed()) errors_.try_write(failure_line(tool_.name, failure));
}

Exit Run::print(const std::string& text) {
    out_.write(text);
    return Exit::done;
}

Exit Run::dispatch() {
    const bool has_verbs = !tool_.commands.front()().text.name.empty();
    const bool asks = asks_for(words_, "--help") || asks_for(words_, "-h");
    if (words_.size() == 2 && words_[0] == "completion" && !asks) return print(completion_script(tool_, words_[1]));
    if (words_.size() == 1 && words_[0] == "--version") return print(fmt::format("{} {}\n", tool_.name, tool_.version));
    if (!has_verbs) return run_command(tool_.commands.front()(), words_);
    return dispatch_word();
}

Exit Run::dispatch_word() {
    if (words_.empty()) throw usage_failure("no command given", "", "", fmt::format("see '{} --help'", tool_.name));
    Words words = words_;
    if (words[0] == "help") {  // "ftckpt help save" as "ftckpt save --help"
        words.erase(words.begin());
        words.emplace_back("--help");
    }
    if (words[0] == "--help" || words[0] == "-h") return print(tool_help(tool_));
    if (words[0] == "completion" && asks_for(words, "--help")) return print(tool_help(tool_));
    if (words[0] == "completion")
        throw usage_failure("completion: which shell?", "", "", fmt::format("try '{} completion bash'", tool_.name));
    for (const auto& add : tool_.commands) {
        const Command command = add();
        if (command.text.name == words[0]) return run_command(command, Words(words.begin() + 1, words.end()));
    }
    throw unknown_command(tool_, words[0]);
}

Exit Run::run_command(const Command& command, const Words& words) {
    Flags flags;
    CommonOptions common;
    const auto body = command.bind(flags);
    declare_common(flags, common);
    if (asks_for(words, "--help") || asks_for(words, "-h")) return print(command_help(tool_, command.text, flags));
    if (asks_for(words, "--version")) return print(fmt::format("{} {}\n", tool_.name, tool_.version));
    parse(flags, command_line(tool_, command.text), words);

    report_bus_errors(common.json ? BusReport::json_on_stdout : BusReport::text);
    line_ = std::make_unique<ProgressLine>(progress_mode(common.progress), tool_.name, errors_,
                                           common.json ? out_ : errors_);
    attendant_ =
        std::make_unique<Attendant>(*signals_, progress_, *line_, clock_,
                                    command.is_brief ? Attendant::Begin::at_first_step : Attendant::Begin::at_once);
    env_ = std::make_unique<Env>(Env::Parts{tool_.name, common, clock_, progress_, out_, errors_, *line_,
                                            signals_->stop_descriptor(), descriptor_limit_});
    return until_free(*env_, body);
}

/// After a command's end, however it came: the terminal is free. returns  the signal that asked it to stop; 0 for none.
int Run::dismiss() {
    if (!attendant_) return 0;
    attendant_->dismiss();
    return attendant_->signal();
}

/// Tries again while another process is in the way, for as long as --lock-wait says.
Exit Run::until_free(Env& env, const std::function<Exit(Env&)>& body) {
    const auto deadline = clock_.monotonic() + env.common().lock_wait;
    for (;;) {
        try {
            return body(env);
        } catch (const Failure& failure) {
            const bool over = clock_.monotonic() >= deadline || progress_.stop;
            if (failure.exit() != Exit::busy || over || env.has_begun_to_answer()) throw;
        }
        progress_.step();
        pollfd stop{env.stop_descriptor(), POLLIN, 0};
        ::poll(&stop, 1, try_again_ms);
    }
}

}  // namespace
}  // namespace ui

int run_tool(const ui::Tool& tool, int argc, char** argv) {
    ui::open_standard_descriptors();
    const std::uint64_t descriptor_limit = ui::raise_descriptor_limit();
    ui::ignore_write_signals();
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    ui::Output out(STDOUT_FILENO, "stdout");
    ui::Output errors(STDERR_FILENO, "stderr");
    const ui::Ending ending = ui::Run(tool, words, {out, errors, descriptor_limit}).guarded();
    if (ending.signal != 0) ui::die_by(ending.signal);
    return static_cast<int>(ending.exit);
}

}  // namespace ft
