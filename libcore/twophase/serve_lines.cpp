#include "libcore/twophase/serve_lines.h"

#include <array>
#include <atomic>
#include <mutex>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/twophase/lines.h"

namespace ft::twophase {

namespace {

/// Lines of a stream, without their newlines; the last one may lack it.
class Lines {
public:
    explicit Lines(proc::Input& in) : in_(in) {}

    /// Whether no line comes for so long.
    bool is_quiet(std::chrono::microseconds within) {
        return read_.find('\n', from_) == std::string::npos && !in_.is_ready(within);
    }

    std::optional<std::string> next() {
        for (;;) {
            const std::size_t end = read_.find('\n', from_);
            if (end != std::string::npos) return take(end, end + 1);
            if (read_.size() - from_ > longest_line)
                throw Failure({.what = "cannot understand stdin", .why = "a line is too long", .exit = Exit::usage});
            std::array<std::byte, 65536> buffer;
            const std::size_t got = in_.read_some(buffer);
            if (got == 0) return from_ == read_.size() ? std::nullopt : std::optional(take(read_.size(), read_.size()));
            read_.erase(0, std::exchange(from_, 0));
            read_ += text_of(View(buffer).first(got));
        }
    }

private:
    std::string take(std::size_t end, std::size_t next) {
        std::string line = read_.substr(from_, end - from_);
        from_ = next;
        return line;
    }

    proc::Input& in_;
    std::string read_;
    std::size_t from_ = 0;
};

/// What a thread is to do next.
struct Task {
    std::uint64_t line = 0;  ///< its number; 0: there is none, and time for something else
    std::string text = {};
};

}  // namespace

std::uint64_t serve_lines(proc::Input& in, const std::function<void(std::string_view, std::uint64_t)>& handle,
                          const std::function<void()>& idle, unsigned threads) {
    std::mutex turn;  // guards lines, read: whose turn it is to wait for a line, and then works on it
    Lines lines(in);
    std::uint64_t read = 0;
    std::atomic<bool> over = false;
    const auto next = [&]() -> std::optional<Task> {
        const std::lock_guard lock(turn);
        if (over) return std::nullopt;
        if (idle && lines.is_quiet(std::chrono::seconds(1))) return Task{};
        std::optional<std::string> line = lines.next();
        if (!line) return std::nullopt;
        return Task{.line = ++read, .text = *std::move(line)};
    };
    parallel_for(threads, threads, [&](std::size_t) {
        struct Last {  // where one ends, for the end of the input or a failure, nobody begins another
            std::atomic<bool>& over;
            ~Last() { over = true; }
        } const last{over};
        while (const std::optional<Task> task = next()) task->line == 0 ? idle() : handle(task->text, task->line);
    });
    return read;
}

}  // namespace ft::twophase
