// The lines that `ftcounter pipe` reads and those that it answers.
//
//     add 5          7                     the value
//     add 5 mail     refused: this key was used with the amount 4 before
//     next 10        8 17                  the first and the last
//     ad 5           error: not 'add', 'remove', 'next' or 'get'
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/counter/ledger.h"

namespace ft::tools {

/// The lines of one commit, in order.
class Batch {
public:
    /// exact  whether the counter takes keys and gives numbers.
    explicit Batch(bool exact) : exact_(exact) {}
    void clear();
    void take(std::string_view line);
    /// Lines so far.
    [[nodiscard]] std::size_t size() const { return lines_.size(); }
    [[nodiscard]] std::span<const counter::Operation> operations() const { return operations_; }
    /// Appends an answer for each line. outcomes  of the operations.
    void answer(std::span<const counter::Outcome> outcomes, const counter::Head& head, std::string& to);
    /// Of all answers so far, clear() or not.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    [[nodiscard]] std::uint64_t errors() const { return errors_; }

private:
    enum class Line : std::uint8_t { value, range, error };
    void add(std::string_view amount, std::string_view key, bool negative);
    void next(std::string_view words);
    /// key  "": none.
    void put(std::int64_t amount, std::string_view key);
    void fail(std::string why);

    bool exact_;
    std::vector<Line> lines_;
    std::vector<counter::Operation> operations_;  // of the lines that are no errors
    std::vector<std::string> whys_;               // of the others
    std::uint64_t refused_ = 0, errors_ = 0;
};

}  // namespace ft::tools
