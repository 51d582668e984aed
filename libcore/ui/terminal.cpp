#include "libcore/ui/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cmath>

#include "libcore/base/clock.h"
#include "libcore/base/text.h"
#include "libcore/ui/answer.h"

namespace ft::ui {

namespace {

constexpr double smoothing_s = 3;  // how far back the rate looks

std::string with_commas(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

}  // namespace

Sample sample(const Progress& progress, std::chrono::nanoseconds now) {
    return {now, progress.items.load(), progress.bytes.load(), progress.total_items.load(),
            progress.total_bytes.load()};
}

void Meter::take(const Sample& now) {
    const double elapsed = seconds(now.at - last_.at);
    if (started_ && elapsed > 0) {
        const double recent = static_cast<double>(now.bytes - last_.bytes) / elapsed;
        // Exponential smoothing for samples at uneven distances; the first interval counts whole.
        const double weight = rate_ == 0 ? 1 : 1 - std::exp(-elapsed / smoothing_s);
        rate_ += weight * (recent - rate_);
    }
    last_ = now;
    started_ = true;
}

std::optional<double> Meter::part() const {
    const bool by_bytes = last_.total_bytes != 0;
    const std::uint64_t total = by_bytes ? last_.total_bytes : last_.total_items;
    if (total == 0) return std::nullopt;
    return std::min(1.0, static_cast<double>(by_bytes ? last_.bytes : last_.items) / static_cast<double>(total));
}

std::optional<double> Meter::seconds_left() const {
    if (last_.total_bytes == 0 || rate_ < 1) return std::nullopt;
    const std::uint64_t left = last_.total_bytes - std::min(last_.total_bytes, last_.bytes);
    return static_cast<double>(left) / rate_;
}

std::string Meter::line(std::string_view action, std::size_t width) const {
    std::string text(action);
    if (last_.items != 0) text += fmt::format("  {} entries", with_commas(last_.items));
    text += fmt::format("  {}", human_bytes(last_.bytes));
    if (rate_ >= 1) text += fmt::format("  {}/s", human_bytes(static_cast<std::uint64_t>(rate_)));
    // The total is what the last checkpoint held: an estimate, so that 99 % is as near as it gets to the end.
    if (const auto done = part()) text += fmt::format("  {:.0f} %", std::min(99.0, std::floor(*done * 100)));
    if (const auto left = seconds_left(); left && *left >= 1)
        text += *left < 60 ? fmt::format("  {:.0f} s left", *left) : fmt::format("  {} left", human_duration(*left));
    while (width_of(text) > width) text.pop_back();
    return text;
}

std::string Meter::json(std::string_view tool) const {
    Answer answer;
    answer.number("items", last_.items).number("bytes", last_.bytes);
    answer.number("total_items", last_.total_items).number("total_bytes", last_.total_bytes);
    answer.real("bytes_per_s", rate_).real("eta_s", seconds_left());
    return answer.json(tool, "progress");
}

ProgressLine::ProgressLine(ProgressMode mode, std::string tool, Output& errors, Output& lines)
    : mode_(mode),
      tool_(std::move(tool)),
      errors_(errors),
      lines_(lines),
      enabled_(mode == ProgressMode::always || mode == ProgressMode::json ||
               (mode == ProgressMode::automatic && errors.is_terminal())) {}

void ProgressLine::begin(std::string action) {
    std::lock_guard lock(mutex_);
    erase();
    action_ = std::move(action);
    meter_ = Meter();
}

void ProgressLine::draw(const Sample& now) {
    std::lock_guard lock(mutex_);
    if (!enabled_ || action_.empty()) return;
    meter_.take(now);
    if (mode_ == ProgressMode::json) {
        lines_.try_write(meter_.json(tool_) + "\n");
        return;
    }
    errors_.try_write("\r" + meter_.line(action_, terminal_width(errors_.descriptor()) - 1) + "\x1b[K");
    drawn_ = true;
}

void ProgressLine::interrupted_by(const std::function<void()>& print) {
    std::lock_guard lock(mutex_);
    erase();
    print();
}

void ProgressLine::end() {
    std::lock_guard lock(mutex_);
    erase();
    action_.clear();
}

void ProgressLine::erase() {
    if (!drawn_) return;
    errors_.try_write("\r\x1b[K");
    drawn_ = false;
}

std::size_t terminal_width(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
    return size.ws_col;
}

}  // namespace ft::ui
