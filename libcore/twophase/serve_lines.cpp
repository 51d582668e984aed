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

}  // namespace

std::uint64_t serve_lines(proc::Input& in, const std::function<void(std::string_view, std::uint64_t)>& handle,
                          unsigned threads) {
    std::mutex turn;  // guards lines, read: whose turn it is to wait for a line, and then works on it
    Lines lines(in);
    std::uint64_t read = 0;
    std::atomic<bool> over = false;
    const auto next = [&]() -> std::optional<std::pair<std::string, std::uint64_t>> {
        const std::lock_guard lock(turn);
        std::optional<std::string> line;
        if (!over) line = lines.next();
        if (!line) return std::nullopt;
        return std::pair(*std::move(line), ++read);
    };
    parallel_for(threads, threads, [&](std::size_t) {
        struct Last {  // where one ends, for the end of the input or a failure, nobody begins another
            std::atomic<bool>& over;
            ~Last() { over = true; }
        } const last{over};
        while (const auto line = next()) handle(line->first, line->second);
    });
    return read;
}

}  // namespace ft::twophase
