#include <fmt/format.h>

#include "libcore/counter/ledger.h"
#include "tools/common/counting.h"
#include "tools/ftcounter/commands.h"
#include "tools/ftcounter/lines.h"
#include "tools/ftcounter/operations.h"
#include "tools/ftcounter/turn.h"

namespace ft::tools {

namespace {

struct PipeOptions {
    CounterOptions counter;
};

void declare(ui::Flags& flags, PipeOptions& options) { declare_counter(flags, options.counter); }

/// Takes the lines that are there, at most a commit full. false: the stream has ended.
bool gather(Lines& lines, Batch& batch) {
    do {
        while (batch.size() < counter::most_operations) {
            const std::optional<std::string_view> line = lines.next();
            if (!line) break;
            batch.take(*line);
        }
        if (batch.size() > 0) return true;
    } while (lines.read());
    return false;
}

Exit run(ui::Env& env, const PipeOptions& options) {
    Disk disk;
    const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
    Lines lines(proc::Input::of_stdin(env.stop_descriptor()));
    Batch batch(counting->is_exact());
    std::string answers;
    std::uint64_t count = 0;
    Exit exit = Exit::done;
    Turn turn(*counting, env.clock());
    env.data_on_stdout();
    for (bool more = true; more;) {
        batch.clear();
        turn.wait_for(lines);
        more = gather(lines, batch);
        if (batch.size() == 0) continue;
        turn.begin();
        const std::vector<counter::Outcome> outcomes = counting->run(batch.operations());
        answers.clear();
        batch.answer(outcomes, counting->head(), answers);
        count += batch.size();
        env.did(fmt::format("{} lines are done", count));
        env.out().write(answers);
        env.out().flush();
        exit = std::max(exit, counting->warn_of_absent());
    }
    counting->settle();
    exit = std::max(exit, counting->warn_of_absent());
    env.summary("", ui::Answer()
                        .text("counter", options.counter.name)
                        .number("lines", count)
                        .number("refused", batch.refused())
                        .number("errors", batch.errors()));
    if (batch.errors() > 0) return Exit::usage;
    return batch.refused() > 0 ? Exit::no : exit;
}

}  // namespace

ui::Command add_pipe() {
    return ui::make_command<PipeOptions>(
        {.name = "pipe",
         .usage = {"NAME"},
         .purpose = "answer lines of stdin, many in one commit",
         .examples = {{"echo add 5 | ftcounter pipe jobs", "lines: add N [KEY], remove N [KEY], next [N [KEY]], get"}}},
        declare, run);
}

}  // namespace ft::tools
