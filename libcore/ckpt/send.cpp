#include "libcore/ckpt/send.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/stored_entries.h"
#include "libcore/store/reader.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using source::Run;

constexpr std::uint64_t piece_bytes = 1U << 20;

/// Some runs and their content, verified.
struct Piece {
    std::vector<Run> runs;
    Scratch memory;
    View content;
};

/// The runs of one file, piece by piece.
class Runs {
public:
    Runs(store::Reader& reader, const store::SourceRecord& source, const std::string& path, const std::string& where)
        : entries_(std::make_unique<StoredEntries>(reader, source.entries, where)) {
        std::string wanted = path;
        while (std::optional<Entry> entry = entries_->next()) {
            if (entry->continues || entry->path != wanted) continue;
            if (entry->kind != io::Kind::file)
                throw Failure({.what = "cannot read '" + printable(path) + "' of " + where,
                               .why = "it is not a regular file",
                               .exit = Exit::no});
            if (entry->hard_link.empty()) {
                current_ = std::move(entry);
                return;
            }
            wanted = entry->hard_link;  // an earlier entry: start again
            entries_ = std::make_unique<StoredEntries>(reader, source.entries, where);
        }
        throw Failure({.what = "no file '" + printable(path) + "' in " + where,
                       .todo = "see 'ftckpt ls " + where + "'",
                       .exit = Exit::no});
    }

    [[nodiscard]] std::optional<Piece> next() {
        while (at_ == current_->runs.size()) {
            if (!current_->more) return std::nullopt;
            current_ = entries_->next();
            at_ = 0;
        }
        Piece piece;
        std::uint64_t bytes = 0;
        while (at_ < current_->runs.size() && bytes < piece_bytes) {
            piece.runs.push_back(current_->runs[at_++]);
            bytes += piece.runs.back().length;
        }
        return piece;
    }

private:
    std::unique_ptr<StoredEntries> entries_;
    std::optional<Entry> current_;
    std::size_t at_ = 0;
};

void send_hole(const std::function<void(View)>& sink, std::uint64_t bytes) {
    const Bytes zeros(std::min<std::uint64_t>(bytes, 256U << 10));
    while (bytes != 0) {
        const std::uint64_t now = std::min<std::uint64_t>(bytes, zeros.size());
        sink(View(zeros).first(now));
        bytes -= now;
    }
}

}  // namespace

std::uint64_t send_content(store::Store& store, const store::SourceRecord& source, const std::string& path,
                           const SendRequest& request, Progress& progress) {
    store::Reader reader(store);
    Runs runs(reader, source, path, request.where);
    std::uint64_t sent = 0;
    const auto next = [&] {
        progress.step();
        return runs.next();
    };
    const auto read = [&](Piece&& piece, unsigned) {
        piece.content = read_runs(reader, piece.runs, piece.memory);
        return std::move(piece);
    };
    const auto send = [&](Piece&& piece) {
        for_each_stretch(piece.runs, piece.content, [&](View bytes, std::uint64_t hole) {
            bytes.empty() ? send_hole(request.sink, hole) : request.sink(bytes);
            sent += bytes.size() + hole;
            progress.bytes += bytes.size() + hole;
        });
    };
    ordered_pipeline<Piece, Piece>({.workers = request.jobs, .window = 2 * std::size_t{request.jobs} + 2}, next, read,
                                   send);
    return sent;
}

}  // namespace ft::ckpt
