// The progress line: how far an operation is, how fast, how long it will take.
//
// What it says is a pure function of a few numbers (Meter); ProgressLine only draws it, on stderr, and erases it.
// Nothing is drawn where stderr is not a terminal, unless asked for.
//
//     saving job  12,345 entries  1.2 GB  310 MB/s  43 %  12 s left
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "libcore/base/progress.h"
#include "libcore/ui/output.h"

namespace ft::ui {

/// Progress at one moment.
struct Sample {
    std::chrono::nanoseconds at{};  ///< monotonic
    std::uint64_t items = 0, bytes = 0, total_items = 0, total_bytes = 0;
};

[[nodiscard]] Sample sample(const Progress& progress, std::chrono::nanoseconds now);

/// Rate and time left, smoothed over the last seconds.
class Meter {
public:
    void take(const Sample& now);
    [[nodiscard]] double bytes_per_s() const { return rate_; }
    /// 0 to 1; absent while the total is unknown.
    [[nodiscard]] std::optional<double> part() const;
    [[nodiscard]] std::optional<double> seconds_left() const;
    /// For people, at most `width` columns.
    [[nodiscard]] std::string line(std::string_view action, std::size_t width) const;
    /// For programs, one JSON object.
    [[nodiscard]] std::string json(std::string_view tool) const;

private:
    Sample last_;
    bool started_ = false;
    double rate_ = 0;  // bytes per second
};

enum class ProgressMode { automatic, always, never, json };

/// Thread-safe: one thread draws, another begins and ends.
class ProgressLine {
public:
    /// errors  stderr. lines  where JSON objects go.
    ProgressLine(ProgressMode mode, std::string tool, Output& errors, Output& lines);
    [[nodiscard]] bool enabled() const { return enabled_; }
    /// Nothing is drawn before; action, for people: "saving job".
    void begin(std::string action);
    /// Draws over what was drawn before.
    void draw(const Sample& now);
    /// Runs `print`, which writes lines of its own to stderr, where the line was; the next draw puts it below.
    void interrupted_by(const std::function<void()>& print);
    /// Erases the line; nothing is drawn until the next begin().
    void end();

private:
    void erase();
    ProgressMode mode_;
    std::string tool_;
    Output& errors_;
    Output& lines_;
    bool enabled_;
    std::mutex mutex_;  // guards what follows
    std::string action_;
    bool drawn_ = false;
    Meter meter_;
};

/// Columns of the terminal on this descriptor; 80 where it does not say.
[[nodiscard]] std::size_t terminal_width(int descriptor);

}  // namespace ft::ui
