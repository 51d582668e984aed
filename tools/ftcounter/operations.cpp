#include "tools/ftcounter/operations.h"

#include <fmt/format.h>

#include <charconv>

#include "libcore/base/text.h"
#include "tools/ftcounter/amount.h"

namespace ft::tools {

namespace {

using counter::Operation;

/// Writes numbers to the end of a text, many of them: with room for several at once, so that each costs little.
class Text {
public:
    Text(std::string& to, std::size_t lines) : to_(to), size_(to.size()), room_(lines * usual) {}
    ~Text() { to_.resize(size_); }
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;

    void put(std::int64_t number, char after) {
        if (to_.size() - size_ < longest) to_.resize(size_ + longest + room_);
        char* const end = std::to_chars(to_.data() + size_, to_.data() + to_.size(), number).ptr;
        *end = after;
        size_ = static_cast<std::size_t>(end - to_.data()) + 1;
    }
    void put(std::string_view kind, std::string_view why) {
        to_.resize(size_);
        to_.append(kind).append(why).append("\n");
        size_ = to_.size();
    }

private:
    static constexpr std::size_t longest = 21;  // a sign, 19 digits, and what follows them
    static constexpr std::size_t usual = 8;
    std::string& to_;
    std::size_t size_;  // of what is written; the rest of the text is room
    std::size_t room_;  // to make at once
};

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
    put(*number, key);
}

void Batch::next(std::string_view words) {
    const std::string_view count = take_word(words);
    const std::optional<std::int64_t> number = count.empty() ? 1 : amount_to_add(count);
    if (!number || *number < 1) return fail("how many is not a number from 1 to 2^63-1");
    if (!exact_) return fail("a plain counter gives no numbers");
    lines_.push_back(count.empty() ? Line::value : Line::range);
    put(*number, words);
}

void Batch::put(std::int64_t amount, std::string_view key) {
    Operation& operation = operations_.emplace_back();
    operation.kind = Operation::Kind::add;
    operation.amount = amount;
    if (!key.empty()) operation.key = counter::key_id(key);
}

void Batch::answer(std::span<const counter::Outcome> outcomes, const counter::Head& head, std::string& to) {
    std::size_t operation = 0, error = 0;
    Text text(to, lines_.size());
    for (const Line line : lines_) {
        if (line == Line::error) {
            text.put("error: ", whys_[error++]);
            ++errors_;
            continue;
        }
        const counter::Outcome& outcome = outcomes[operation];
        const std::int64_t amount = operations_[operation++].amount;
        if (!outcome.accepted()) {
            text.put("refused: ", counter::reason(outcome, head));
            ++refused_;
            continue;
        }
        if (line == Line::range) text.put(outcome.value - amount + 1, ' ');
        text.put(outcome.value, '\n');
    }
}

}  // namespace ft::tools
