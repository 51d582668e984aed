#include <fmt/format.h>

#include "libcore/base/text.h"
#include "tools/common/counting.h"
#include "tools/ftcounter/amount.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

constexpr std::chrono::milliseconds between{50};  // looks at the value

std::int64_t value_of(Counting& counting) {
    const counter::Operation get{.kind = counter::Operation::Kind::get};
    const std::int64_t value = counting.run({&get, 1}).front().value;
    counting.release();
    return value;
}

struct WatchOptions {
    CounterOptions counter;
    std::optional<std::uint64_t> count;
};

void declare_watch(ui::Flags& flags, WatchOptions& options) {
    declare_counter(flags, options.counter);
    flags.option("--count", options.count, "N", "end after N values");
}

Exit run_watch(ui::Env& env, const WatchOptions& options) {
    Disk disk;
    const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
    std::optional<std::int64_t> shown;
    std::uint64_t count = 0;
    Exit exit = Exit::done;
    while (!options.count || count < *options.count) {
        const std::int64_t value = value_of(*counting);
        exit = std::max(exit, counting->warn_of_absent());
        if (value != shown) {
            env.item(std::to_string(value), ui::Answer().text("counter", options.counter.name).integer("value", value));
            env.out().flush();
            shown = value;
            ++count;
        }
        if (!options.count || count < *options.count) env.pause(between);
    }
    env.summary("", ui::Answer().text("counter", options.counter.name).number("values", count));
    return exit;
}

struct WaitOptions {
    CounterOptions counter;
    std::optional<std::string> at_least, at_most;
    std::optional<std::chrono::seconds> timeout;
};

void declare_wait(ui::Flags& flags, WaitOptions& options) {
    declare_counter(flags, options.counter);
    flags.option("--ge", options.at_least, "N", "until the value is N or more");
    flags.option("--le", options.at_most, "N", "until the value is N or less");
    flags.option("--timeout", options.timeout, "TIME", "exit 7 where it is not so by then");
}

Exit run_wait(ui::Env& env, const WaitOptions& options) {
    if (!options.at_least == !options.at_most)
        throw ui::usage_failure("wait: for what?", "", "", "give --ge N or --le N, one of them");
    const bool rises = options.at_least.has_value();
    const std::int64_t wanted =
        rises ? parse_signed(*options.at_least, "--ge") : parse_signed(*options.at_most, "--le");
    Disk disk;
    const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
    const auto begun = env.clock().monotonic();
    for (;;) {
        const std::int64_t value = value_of(*counting);
        const Exit exit = counting->warn_of_absent();
        const bool is_there = rises ? value >= wanted : value <= wanted;
        const bool over = options.timeout && env.clock().monotonic() - begun >= *options.timeout;
        if (is_there || over) {
            env.summary(
                std::to_string(value),
                ui::Answer().text("counter", options.counter.name).integer("value", value).flag("reached", is_there));
            return is_there ? exit : Exit::no;
        }
        env.pause(between);
    }
}

}  // namespace

ui::Command add_watch() {
    return ui::make_command<WatchOptions>({.name = "watch",
                                           .usage = {"NAME"},
                                           .purpose = "print the value whenever it has changed",
                                           .examples = {{"ftcounter watch jobs --count 1", "looks 20 times a second"}}},
                                          declare_watch, run_watch);
}

ui::Command add_wait() {
    return ui::make_command<WaitOptions>(
        {.name = "wait",
         .usage = {"NAME --ge N", "NAME --le N"},
         .purpose = "wait until the value is there, and print it",
         .examples = {{"ftcounter wait jobs --ge 0 --timeout 5s", "exit 7 where it is not, after 5 seconds"}}},
        declare_wait, run_wait);
}

}  // namespace ft::tools
