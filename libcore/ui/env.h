// What a command gets from the world: time, progress, a place to answer, a place to complain. One for each run.
//
// Answers go to stdout as text, or with --json as one object a line; messages go to stderr. A command that has changed
// something says so with did(), so that an answer that cannot be written is not taken for a failed command.
//
//     env.begin("saving job");
//     env.did("saved job@7");
//     env.summary("job@7", Answer().text("checkpoint", "job@7"));
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libcore/base/clock.h"
#include "libcore/base/failure.h"
#include "libcore/base/notes.h"
#include "libcore/base/progress.h"
#include "libcore/ui/answer.h"
#include "libcore/ui/output.h"
#include "libcore/ui/terminal.h"

namespace ft::ui {

/// Flags that every command has.
struct CommonOptions {
    bool quiet = false;    ///< no answer where the exit code says it
    bool verbose = false;  ///< more
    bool json = false;
    std::string progress = "auto";
    std::chrono::seconds lock_wait{0};  ///< how long to try again while another process is in the way
};

class Flags;
void declare_common(Flags& flags, CommonOptions& common);

class Env {
public:
    struct Parts {
        std::string tool;  ///< "ftckpt"
        CommonOptions common;
        Clock& clock;
        Progress& progress;
        Output& out;     ///< stdout
        Output& errors;  ///< stderr
        ProgressLine& line;
        int stop_descriptor = -1;            ///< readable once the user asked to stop
        std::uint64_t descriptor_limit = 0;  ///< soft limit of open files that we were given, for the programs we start
    };
    explicit Env(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] const std::string& tool() const { return parts_.tool; }
    [[nodiscard]] const CommonOptions& common() const { return parts_.common; }
    [[nodiscard]] Clock& clock() { return parts_.clock; }
    [[nodiscard]] Progress& progress() { return parts_.progress; }
    [[nodiscard]] int stop_descriptor() const { return parts_.stop_descriptor; }
    [[nodiscard]] std::uint64_t descriptor_limit() const { return parts_.descriptor_limit; }
    /// Waits so long. fails  where the user asks to stop.
    void pause(std::chrono::milliseconds length);
    /// An environment variable that is set and not empty.
    [[nodiscard]] static std::optional<std::string> variable(const char* name);

    /// Starts the progress line; action: "saving job".
    void begin(std::string action);
    /// Erases it for good: the terminal is somebody else's from here on.
    void end_progress() { parts_.line.end(); }

    /// One row of the answer. text  may be empty: then only --json prints it.
    void item(std::string_view text, const Answer& fields);
    /// The answer's end, once. text  may be empty: then only --json prints it. May hold several lines.
    void summary(std::string_view text, const Answer& fields);
    /// Raw bytes for stdout. After data_on_stdout() the --json objects go to stderr.
    [[nodiscard]] Output& out() { return parts_.out; }
    void data_on_stdout();
    [[nodiscard]] bool has_data_on_stdout() const { return data_on_stdout_; }

    /// A line for people on stderr, whatever -q says; under --json one of the "warnings" of the summary.
    void warn(std::string_view text);
    /// A line on stderr for each: "cannot read 1000 files, the first: ..."; nothing under --json, where fields say it.
    void warn(const std::vector<Note>& notes);
    /// Lines for people on stderr that were asked for (--timing); nothing under --json.
    void tell(std::string_view text);
    /// A line for people on stderr, if it is a terminal (or with -v) and neither -q nor --json are given.
    void remark(std::string_view text);

    /// What was changed for good, as a sentence: "saved job@7".
    void did(std::string what) { did_ = std::move(what); }
    [[nodiscard]] const std::string& what_was_done() const { return did_; }
    /// Whether something was answered or done already: the command must not be tried again.
    [[nodiscard]] bool has_begun_to_answer() const { return answered_ || data_on_stdout_ || !did_.empty(); }

private:
    void object(std::string_view type, const Answer& fields);
    void complain(std::string_view text);
    Parts parts_;
    std::string did_;
    std::vector<std::string> warnings_;
    bool answered_ = false;
    bool data_on_stdout_ = false;
};

/// "cannot read 1000 files, the first: a/b: Permission denied".
[[nodiscard]] std::string note_text(const Note& note);
[[nodiscard]] std::vector<Answer> note_answers(const std::vector<Note>& notes);

}  // namespace ft::ui
