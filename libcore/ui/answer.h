// What a command answers, as fields in a fixed order (--json) and as aligned columns (people).
//
// A field is added, never removed: scripts read them. Text that is not UTF-8 (a file name may be any bytes) is kept
// readable under its key, and exact under key_base64.
//
//     Answer a; a.text("checkpoint", "job@7").number("bytes", 4096); a.json("ftckpt", "summary")
//     -> {"v":1,"tool":"ftckpt","type":"summary","checkpoint":"job@7","bytes":4096}
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/clock.h"

namespace ft::ui {

class Answer {
public:
    Answer& text(std::string_view key, std::string_view value);
    Answer& number(std::string_view key, std::uint64_t value);
    Answer& integer(std::string_view key, std::int64_t value);
    Answer& real(std::string_view key, double value);
    Answer& real(std::string_view key, std::optional<double> value);  ///< absent: null
    Answer& flag(std::string_view key, bool value);
    Answer& time(std::string_view key, Time value);  ///< ISO 8601, UTC
    Answer& texts(std::string_view key, std::span<const std::string> values);
    Answer& object(std::string_view key, const Answer& value);
    Answer& objects(std::string_view key, std::span<const Answer> values);

    /// One line without its newline, the three leading fields included.
    [[nodiscard]] std::string json(std::string_view tool, std::string_view type) const;

private:
    void add(std::string_view key, std::string rendered);
    [[nodiscard]] std::string body() const;
    std::vector<std::string> fields_;  // rendered: "key":value
};

/// Rows of text in aligned columns, two spaces between them, nothing after the last.
class Columns {
public:
    enum class Align { left, right };
    explicit Columns(std::vector<Align> aligns) : aligns_(std::move(aligns)) {}
    /// As many cells as there are columns.
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    [[nodiscard]] std::vector<std::string> lines() const;

private:
    std::vector<Align> aligns_;
    std::vector<std::vector<std::string>> rows_;
};

/// Columns that `text` takes on a terminal (UTF-8 code points; what printable() gives).
[[nodiscard]] std::size_t width_of(std::string_view text);

}  // namespace ft::ui
