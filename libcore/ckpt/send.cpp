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

/// A stretch and its content, verified. Each keeps no more than one block alive.
struct Piece {
    Stretch stretch;
    store::Chunk content;
};

/// The runs of one file, piece by piece.
class Runs {
public:
    Runs(store::Reader& reader, const store::SourceRecord& source, const std::string& path, const std::string& where)
        : reader_(reader), entries_(std::make_unique<StoredEntries>(reader, source.entries, where)) {
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
        Piece piece{.stretch = first_stretch(reader_, std::span(current_->runs).subspan(at_))};
        at_ += piece.stretch.runs;
        return piece;
    }

private:
    store::Reader& reader_;
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
        if (!piece.stretch.chunks.empty()) piece.content = reader.read_together(piece.stretch.chunks);
        return std::move(piece);
    };
    const auto send = [&](Piece&& piece) {
        const bool is_hole = piece.stretch.chunks.empty();
        is_hole ? send_hole(request.sink, piece.stretch.hole) : request.sink(piece.content.bytes);
        const std::uint64_t bytes = is_hole ? piece.stretch.hole : piece.content.bytes.size();
        sent += bytes;
        progress.bytes += bytes;
    };
    ordered_pipeline<Piece, Piece>({.workers = request.jobs, .window = 2 * std::size_t{request.jobs} + 2}, next, read,
                                   send);
    return sent;
}

}  // namespace ft::ckpt
