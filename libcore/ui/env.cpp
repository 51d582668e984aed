#include "libcore/ui/env.h"

#include <fmt/format.h>
#include <poll.h>

#include <cstdlib>

#include "libcore/base/environment.h"
#include "libcore/base/text.h"
#include "libcore/ui/flags.h"
#include "libcore/ui/signals.h"

namespace ft::ui {

void declare_common(Flags& flags, CommonOptions& common) {
    flags.toggle("-q, --quiet", common.quiet, "no answer where the exit code says it");
    flags.toggle("-v, --verbose", common.verbose, "say more");
    flags.toggle("--json", common.json, "answer as JSON, one object a line");
    flags.option("--progress", common.progress, "MODE", "auto (on a terminal), always, never or json")
        .one_of({"auto", "always", "never", "json"});
    flags.option("--lock-wait", common.lock_wait, "DURATION", "how long to wait for another process (90s, 15m)");
}

void Env::pause(std::chrono::milliseconds length) {
    pollfd stop{stop_descriptor(), POLLIN, 0};
    (void)::poll(&stop, 1, static_cast<int>(length.count()));
    progress().step();
}

std::optional<std::string> Env::variable(const char* name) { return environment(name); }

void Env::begin(std::string action) { parts_.line.begin(std::move(action)); }

void Env::object(std::string_view type, const Answer& fields) {
    const std::string line = fields.json(parts_.tool, type);
    if (data_on_stdout_)
        parts_.errors.try_write(line + "\n");
    else
        parts_.out.line(line);
}

void Env::item(std::string_view text, const Answer& fields) {
    answered_ = true;
    if (parts_.common.json)
        object("item", fields);
    else if (!parts_.common.quiet && !text.empty())
        parts_.out.line(text);
}

void Env::summary(std::string_view text, const Answer& fields) {
    parts_.line.end();
    if (parts_.common.json)
        object("summary", warnings_.empty() ? fields : Answer(fields).texts("warnings", warnings_));
    else if (!parts_.common.quiet && !text.empty())
        parts_.out.line(text);
}

void Env::data_on_stdout() {
    data_on_stdout_ = true;
    out().expect_much();
    if (parts_.common.json) report_bus_errors(BusReport::json_on_stderr);
}

void Env::warn(std::string_view text) {
    if (parts_.common.json)
        warnings_.emplace_back(text);
    else
        complain(text);
}

void Env::complain(std::string_view text) {
    if (parts_.common.json) return;
    parts_.line.interrupted_by([&] { parts_.errors.try_write(fmt::format("{}: {}\n", parts_.tool, printable(text))); });
}

void Env::warn(const std::vector<Note>& notes) {
    for (const Note& note : notes)
        if (note.incomplete || parts_.common.verbose || parts_.errors.is_terminal()) complain(note_text(note));
}

void Env::tell(std::string_view text) {
    if (parts_.common.json) return;
    parts_.line.interrupted_by([&] { parts_.errors.try_write(std::string(text) + "\n"); });
}

void Env::remark(std::string_view text) {
    if (!parts_.common.quiet && (parts_.common.verbose || parts_.errors.is_terminal())) tell(text);
}

std::string note_text(const Note& note) {
    std::string text = note.what;
    text += note.count == 1 ? ": " : fmt::format(" ({} times, the first: ", note.count);
    text += printable(note.first);
    if (note.count != 1) text += ")";
    if (!note.why.empty()) text += ": " + note.why;
    return text;
}

std::vector<Answer> note_answers(const std::vector<Note>& notes) {
    std::vector<Answer> answers;
    for (const Note& note : notes) {
        Answer answer;
        answer.text("what", note.what).text("why", note.why).text("first", note.first).number("count", note.count);
        answers.push_back(answer.flag("incomplete", note.incomplete));
    }
    return answers;
}

}  // namespace ft::ui
