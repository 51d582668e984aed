#include "tests/sim/mistaken_log.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "tests/sim/forwarding.h"

namespace ft::sim {

namespace {

bool is_zero(View bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

/// A log's file that was found: what a write or sync is for is told by what was done before.
class MistakenLogFile final : public Forwarding<io::File> {
public:
    MistakenLogFile(LogMistake mistake, std::unique_ptr<io::File> inner, std::unique_ptr<io::File> second)
        : Forwarding(std::move(inner)), mistake_(mistake), second_(std::move(second)) {}

    void write_at(View bytes, std::uint64_t at) override {
        last_ = is_zero(bytes) ? Last::zeros : Last::batch;
        if (last_ == Last::zeros && mistake_ == LogMistake::growth_told_first)
            later_.emplace_back(at, Bytes(bytes.begin(), bytes.end()));
        else
            inner_->write_at(bytes, at);
    }
    void write_durably(std::span<const io::Piece> pieces) override {
        const auto& [bytes, at] = pieces.front();  // a log writes one
        if (mistake_ == LogMistake::torn_end_not_cleaned && is_zero(bytes)) return;
        if (mistake_ == LogMistake::append_not_synced) return inner_->write_at(bytes, at);
        if (mistake_ == LogMistake::failed_sync_tried_again) {
            inner_->write_at(bytes, at);
            return sync();
        }
        inner_->write_durably(pieces);
        if (later_.empty()) return;
        for (const auto& [where, zeros] : std::exchange(later_, {})) inner_->write_at(zeros, where);
        inner_->sync();
    }
    void sync() override {
        const Last last = std::exchange(last_, Last::nothing);
        if (mistake_ == LogMistake::opening_not_synced && last == Last::nothing) return;
        if (mistake_ == LogMistake::growth_not_synced && last == Last::zeros) return;
        if (mistake_ == LogMistake::write_not_settled && last == Last::batch) return;
        try {
            inner_->sync();
        } catch (const Failure&) {
            if (mistake_ != LogMistake::failed_sync_tried_again) throw;
            second_->sync();
            second_.swap(inner_);
        }
    }

private:
    enum class Last { nothing, zeros, batch };
    LogMistake mistake_;
    std::unique_ptr<io::File> second_;
    Last last_ = Last::nothing;
    std::vector<std::pair<std::uint64_t, Bytes>> later_;
};

class UnsyncedFile final : public Forwarding<io::File> {
public:
    using Forwarding::Forwarding;
    void sync() override {}
};

class MistakenDir final : public ForwardingDir {
public:
    MistakenDir(LogMistake mistake, std::unique_ptr<io::Dir> inner)
        : ForwardingDir(std::move(inner)), mistake_(mistake) {}

    std::unique_ptr<io::File> find_file(const std::string& name, io::Access access) override {
        const bool cached = mistake_ == LogMistake::read_from_cache;
        if (cached) access = io::Access::read_write;
        std::unique_ptr<io::File> file = inner_->find_file(name, access);
        if (!file || mistake_ == LogMistake::none || cached) return file;
        return std::make_unique<MistakenLogFile>(mistake_, std::move(file), inner_->find_file(name, access));
    }
    std::unique_ptr<io::File> create_unnamed(std::uint32_t mode) override {
        making_ = true;
        std::unique_ptr<io::File> file = inner_->create_unnamed(mode);
        if (mistake_ != LogMistake::making_not_synced) return file;
        return std::make_unique<UnsyncedFile>(std::move(file));
    }
    void sync() override {
        if (mistake_ != (making_ ? LogMistake::name_not_synced : LogMistake::found_name_not_synced)) inner_->sync();
    }

private:
    LogMistake mistake_;
    bool making_ = false;
};

}  // namespace

std::unique_ptr<io::Dir> mistaken(LogMistake mistake, std::unique_ptr<io::Dir> dir) {
    return std::make_unique<MistakenDir>(mistake, std::move(dir));
}

}  // namespace ft::sim
