#include "tools/ftcounter/operations.h"

#include <fmt/format.h>

#include "libcore/base/text.h"
#include "tools/ftcounter/amount.h"

namespace ft::tools {

namespace {

using counter::Operation;

}  // namespace

void Batch::clear() {
    lines_.clear();
    operations_.clear();
    whys_.clear();
}

void Batch::fail(std::string why) {
    lines_.push_back(Line::error);
    whys_.push_back(std::move(why));
}

void Batch::take(std::string_view line) {
    const std::string_view verb = take_word(line);
    if (verb == "add" || verb == "remove") {
        const std::string_view amount = take_word(line);
        return add(amount, line, verb == "remove");
    }
    if (verb == "next") return next(line);
    if (verb == "get" && line.empty()) {
        lines_.push_back(Line::value);
        operations_.push_back({.kind = Operation::Kind::get});
        return;
    }
    fail(verb == "get" ? "get takes nothing" : "not 'add', 'remove', 'next' or 'get'");
}

void Batch::add(std::string_view amount, std::string_view key, bool negative) {
    const std::optional<std::int64_t> number = negative ? amount_to_remove(amount) : amount_to_add(amount);
    if (!number) return fail("the amount is not a number of 64 bits");
    if (!key.empty() && !exact_) return fail("a plain counter remembers no keys");
    lines_.push_back(Line::value);
    Operation& operation = operations_.emplace_back(Operation{.kind = Operation::Kind::add, .amount = *number});
    if (!key.empty()) operation.key = counter::key_id(key);
}

void Batch::next(std::string_view words) {
    const std::string_view count = take_word(words);
    const std::optional<std::int64_t> number = count.empty() ? 1 : amount_to_add(count);
    if (!number || *number < 1) return fail("how many is not a number from 1 to 2^63-1");
    if (!exact_) return fail("a plain counter gives no numbers");
    lines_.push_back(count.empty() ? Line::value : Line::range);
    Operation& operation = operations_.emplace_back(Operation{.kind = Operation::Kind::add, .amount = *number});
    if (!words.empty()) operation.key = counter::key_id(words);
}

void Batch::answer(std::span<const counter::Outcome> outcomes, const counter::Head& head, std::string& to) {
    std::size_t operation = 0, error = 0;
    for (const Line line : lines_) {
        if (line == Line::error) {
            to.append("error: ").append(whys_[error++]).append("\n");
            ++errors_;
            continue;
        }
        const counter::Outcome& outcome = outcomes[operation];
        const std::int64_t amount = operations_[operation++].amount;
        if (!outcome.accepted()) {
            to.append("refused: ").append(counter::reason(outcome, head)).append("\n");
            ++refused_;
            continue;
        }
        if (line == Line::range) to.append(fmt::format_int(outcome.value - amount + 1).c_str()).append(" ");
        const fmt::format_int value(outcome.value);
        to.append(value.data(), value.size()).append("\n");
    }
}

}  // namespace ft::tools
