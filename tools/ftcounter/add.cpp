#include <fmt/format.h>

#include "libcore/base/text.h"
#include "tools/common/counting.h"
#include "tools/ftcounter/amount.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

using counter::Operation;
using counter::Outcome;

struct CountOptions {
    CounterOptions counter;
    std::optional<std::string> amount, key;
};

void declare(ui::Flags& flags, CountOptions& options) {
    declare_counter(flags, options.counter);
    flags.positional("AMOUNT", options.amount, "digits; 1 unless given");
    flags.option("--key", options.key, "ID", "count it once, however often it is asked for with this ID");
}

/// What was refused, as the failure that it is.
Failure refusal(std::string_view verb, const CountOptions& options, const Outcome& outcome, const counter::Head& head) {
    return Failure({.what = fmt::format("cannot {} {}", verb, options.amount.value_or("1")),
                    .where = options.counter.name,
                    .why = counter::reason(outcome, head),
                    .todo = "nothing changed",
                    .exit = Exit::no});
}

Exit count(ui::Env& env, const CountOptions& options, std::string_view verb, std::optional<std::int64_t> amount) {
    if (!amount)
        throw ui::usage_failure(fmt::format("cannot {} '{}'", verb, printable(*options.amount)), "",
                                "not a number of 64 bits", "give digits");
    if (options.key && options.key->empty()) throw ui::usage_failure("--key: it is empty", "", "", "");
    Operation operation{.kind = Operation::Kind::add, .amount = *amount};
    if (options.key) operation.key = counter::key_id(*options.key);
    Disk disk;
    const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
    const Outcome outcome = counting->run({&operation, 1}).front();
    const Exit exit = counting->warn_of_absent();
    const std::string_view durability = counting->durability();
    counting->release();
    if (!outcome.accepted()) throw refusal(verb, options, outcome, counting->head());
    const bool repeated = outcome.kind == Outcome::Kind::repeated;
    if (!repeated) env.did(fmt::format("counted: {} is {}", options.counter.name, outcome.value));
    env.summary(std::to_string(outcome.value), ui::Answer()
                                                   .text("counter", options.counter.name)
                                                   .integer("value", outcome.value)
                                                   .integer("amount", *amount)
                                                   .flag("repeated", repeated)
                                                   .text("durable", durability));
    return exit;
}

Exit run_add(ui::Env& env, const CountOptions& options) {
    return count(env, options, "add", amount_to_add(options.amount.value_or("1")));
}

Exit run_remove(ui::Env& env, const CountOptions& options) {
    return count(env, options, "remove", amount_to_remove(options.amount.value_or("1")));
}

struct GetOptions {
    CounterOptions counter;
};

void declare_get(ui::Flags& flags, GetOptions& options) { declare_counter(flags, options.counter); }

Exit run_get(ui::Env& env, const GetOptions& options) {
    Disk disk;
    const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
    const Operation operation{.kind = Operation::Kind::get};
    const std::int64_t value = counting->run({&operation, 1}).front().value;
    const Exit exit = counting->warn_of_absent();
    const std::string_view durability = counting->durability();
    counting->release();
    env.summary(std::to_string(value),
                ui::Answer().text("counter", options.counter.name).integer("value", value).text("durable", durability));
    return exit;
}

struct NextOptions {
    CounterOptions counter;
    std::optional<std::string> key;
    std::optional<std::uint64_t> count;
};

void declare_next(ui::Flags& flags, NextOptions& options) {
    declare_counter(flags, options.counter);
    flags.option("--count", options.count, "N", "take so many: prints the first and the last of them");
    flags.option("--key", options.key, "ID", "the same numbers again for the same ID");
}

Exit run_next(ui::Env& env, const NextOptions& options) {
    const auto count = static_cast<std::int64_t>(options.count.value_or(1));
    if (count < 1) throw ui::usage_failure("--count: not a number from 1 to 2^63-1", "", "", "");
    Operation operation{.kind = Operation::Kind::add, .amount = count};
    if (options.key) operation.key = counter::key_id(*options.key);
    Disk disk;
    const std::unique_ptr<Counting> counting = open_counting(env, disk, options.counter);
    if (!counting->is_exact())
        throw Failure({.what = "cannot take a number",
                       .where = options.counter.name,
                       .why = "it is a plain counter, whose adds have no answers of their own",
                       .todo = "create one with --exact",
                       .exit = Exit::no});
    const Outcome outcome = counting->run({&operation, 1}).front();
    const Exit exit = counting->warn_of_absent();
    const std::string_view durability = counting->durability();
    counting->release();
    if (!outcome.accepted())
        throw Failure({.what = fmt::format("cannot take {} more", count),
                       .where = options.counter.name,
                       .why = counter::reason(outcome, counting->head()),
                       .todo = "nothing changed",
                       .exit = Exit::no});
    const std::int64_t first = outcome.value - count + 1;
    env.did(fmt::format("took {} to {} of {}", first, outcome.value, options.counter.name));
    env.summary(options.count ? fmt::format("{} {}", first, outcome.value) : std::to_string(first),
                ui::Answer()
                    .text("counter", options.counter.name)
                    .integer("first", first)
                    .integer("last", outcome.value)
                    .text("durable", durability));
    return exit;
}

}  // namespace

ui::Command add_add() {
    return ui::brief(ui::make_command<CountOptions>(
        {.name = "add",
         .usage = {"NAME [AMOUNT]"},
         .purpose = "count up; prints the new value, once it is durable",
         .examples = {{"ftcounter add jobs 5", "five more"},
                      {"ftcounter add jobs --key mail-4711", "once, however often this is run"}}},
        declare, run_add));
}

ui::Command add_remove() {
    return ui::brief(ui::make_command<CountOptions>({.name = "remove",
                                                     .usage = {"NAME [AMOUNT]"},
                                                     .purpose = "count down; prints the new value, once it is durable",
                                                     .examples = {{"ftcounter remove jobs 2", "two less"}}},
                                                    declare, run_remove));
}

ui::Command add_get() {
    return ui::brief(
        ui::make_command<GetOptions>({.name = "get",
                                      .usage = {"NAME"},
                                      .purpose = "print the value",
                                      .examples = {{"ftcounter get jobs", "as a majority of its replicas has it"}}},
                                     declare_get, run_get));
}

ui::Command add_next() {
    return ui::brief(ui::make_command<NextOptions>(
        {.name = "next",
         .usage = {"NAME [--count N]"},
         .purpose = "take a number that nobody else gets",
         .examples = {{"ftcounter next jobs", "one number, durable before it is shown"},
                      {"ftcounter next jobs --count 100", "a range: its first and its last number"}}},
        declare_next, run_next));
}

}  // namespace ft::tools
