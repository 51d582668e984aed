#include <fmt/format.h>

#include <algorithm>

#include "libcore/proc/input.h"
#include "tools/common/counting.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

struct TeeOptions {
    CounterOptions counter;
    bool bytes = false;
    std::chrono::seconds every{1};
};

void declare(ui::Flags& flags, TeeOptions& options) {
    declare_counter(flags, options.counter);
    flags.toggle("--bytes", options.bytes, "count bytes, not lines");
    flags.option("--every", options.every, "TIME", "how often the count is made durable (default 1s)");
}

/// Counts what has passed, and makes it durable from time to time.
class Tally {
public:
    Tally(Counting& counting, std::string name, Clock& clock, std::chrono::nanoseconds every)
        : counting_(counting), name_(std::move(name)), clock_(clock), every_(every), last_(clock.monotonic()) {}

    void passed(std::int64_t amount) {
        pending_ += amount;
        if (clock_.monotonic() - last_ >= every_) commit();
    }
    /// How long until the next commit is due; at least 1 ms.
    [[nodiscard]] std::chrono::milliseconds patience() const {
        const auto left = every_ - (clock_.monotonic() - last_);
        return std::max(std::chrono::milliseconds(1), std::chrono::ceil<std::chrono::milliseconds>(left));
    }
    void commit() {
        last_ = clock_.monotonic();
        if (pending_ == 0) return;
        const counter::Operation operation{.kind = counter::Operation::Kind::add, .amount = pending_};
        const counter::Outcome outcome = counting_.run({&operation, 1}).front();
        counting_.release();
        exit_ = std::max(exit_, counting_.warn_of_absent());
        if (!outcome.accepted())
            throw Failure({.what = fmt::format("cannot count {} more", pending_),
                           .where = name_,
                           .why = counter::reason(outcome, counting_.head()),
                           .todo = "all that was read has been passed on",
                           .exit = Exit::no});
        value_ = outcome.value;
        total_ += pending_;
        pending_ = 0;
    }
    [[nodiscard]] std::int64_t total() const { return total_; }
    /// Once something was counted.
    [[nodiscard]] std::int64_t value() const { return value_; }
    [[nodiscard]] Exit exit() const { return exit_; }

private:
    Counting& counting_;
    std::string name_;
    Clock& clock_;
    std::chrono::nanoseconds every_, last_;
    std::int64_t pending_ = 0, total_ = 0, value_ = 0;
    Exit exit_ = Exit::done;
};

/// It has passed when the other side can read it: only then it counts, and while that reads nothing what has passed
/// before is counted in time.
void pass_on(ui::Env& env, View piece, bool bytes, Tally& tally) {
    constexpr std::chrono::milliseconds glance{50};  // between looks at whether the user wants to stop
    while (!piece.empty()) {
        const View gone = piece.first(env.out().write_some(piece, std::min(glance, tally.patience())));
        env.progress().step();
        tally.passed(bytes ? static_cast<std::int64_t>(gone.size())
                           : std::count(gone.begin(), gone.end(), std::byte{'\n'}));
        piece = piece.subspan(gone.size());
    }
}

Exit run(ui::Env& env, const TeeOptions& options) {
    Disk disk;
    const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
    proc::Input input = proc::Input::of_stdin(env.stop_descriptor());
    std::vector<std::byte> buffer(256 * 1024);
    Tally tally(*counting, options.counter.name, env.clock(), options.every);
    env.data_on_stdout();
    env.out().expect_much();
    for (;;) {
        if (!input.is_ready(tally.patience())) {
            tally.commit();
            continue;
        }
        const std::size_t got = input.read_some(buffer);
        if (got == 0) break;
        pass_on(env, View(buffer).first(got), options.bytes, tally);
    }
    tally.commit();
    counting->settle();
    const Exit exit = std::max(tally.exit(), counting->warn_of_absent());
    ui::Answer fields;
    fields.text("counter", options.counter.name).integer("counted", tally.total());
    if (tally.total() > 0) fields.integer("value", tally.value());
    env.summary("", fields);
    return exit;
}

}  // namespace

ui::Command add_tee() {
    return ui::make_command<TeeOptions>(
        {.name = "tee",
         .usage = {"NAME"},
         .purpose = "pass stdin on to stdout, and count its lines",
         .examples = {{"seq 100 | ftcounter tee jobs | tail -1", "100 more, and nothing lost or added on the way"}}},
        declare, run);
}

}  // namespace ft::tools
