#include "libcore/ckpt/comparer.h"

#include <algorithm>
#include <optional>

namespace ft::ckpt {
namespace {

using source::Run;

/// How many of the first pieces are chunks that follow each other in one file: one read.
std::size_t in_a_row(std::span<const Expected> pieces) {
    std::size_t count = 0;
    std::uint64_t at = pieces.front().at;
    for (const Expected& piece : pieces) {
        if (piece.file != pieces.front().file || piece.at != at || piece.run->length == 0) break;
        at += piece.run->length;
        ++count;
    }
    return count;
}

std::uint64_t bytes_of(std::span<const Expected> pieces) {
    std::uint64_t bytes = 0;
    for (const Expected& piece : pieces) bytes += piece.run->length;
    return bytes;
}

bool is_hole(const Expected& piece) {
    const std::optional<io::Extent> data = piece.file->next_data(piece.at);
    return !data || data->start >= piece.at + piece.run->hole;
}

bool is_data(io::File& file, std::uint64_t at, std::uint64_t length) {
    const std::optional<io::Extent> data = file.next_data(at);
    return data && data->start == at && data->end >= at + length;
}

/// Reads what follows each other into memory, piece by piece where a hole is in between; appends the pieces' views,
/// empty ones for those that are not there as data.
void read_row(std::span<const Expected> row, std::span<std::byte> memory, std::vector<View>& into) {
    const Expected& front = row.front();
    if (!is_data(*front.file, front.at, bytes_of(row))) {
        if (row.size() == 1) return into.emplace_back(), void();
        for (std::size_t i = 0; i < row.size(); ++i) {
            read_row(row.subspan(i, 1), memory, into);
            memory = memory.subspan(row[i].run->length);
        }
        return;
    }
    View bytes = View(memory).first(front.file->read_at(memory.first(bytes_of(row)), front.at));
    for (const Expected& piece : row) {
        into.push_back(bytes.first(std::min<std::size_t>(piece.run->length, bytes.size())));
        bytes = bytes.subspan(into.back().size());
    }
}

}  // namespace

std::vector<bool> Comparer::are_equal(std::span<const Expected> pieces) {
    std::span<std::byte> memory = memory_.first(bytes_of(pieces));
    std::vector<View> found;  // of each piece; empty for holes
    found.reserve(pieces.size());
    for (std::span<const Expected> left = pieces; !left.empty(); left = pieces.subspan(found.size())) {
        const std::size_t row = in_a_row(left);
        if (row != 0) read_row(left.first(row), memory, found);
        if (row == 0) found.emplace_back();
        memory = memory.subspan(bytes_of(left.first(row)));
    }
    const std::vector<Digest> digests = digests_of(found);
    std::vector<bool> equal;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const Run& run = *pieces[i].run;
        equal.push_back(run.length == 0 ? is_hole(pieces[i])
                                        : found[i].size() == run.length && digests[i] == run.digest);
    }
    return equal;
}

void append_expected(std::vector<Expected>& pieces, io::File& file, std::uint64_t at, std::span<const Run> runs) {
    for (const Run& run : runs) {
        pieces.push_back({&file, at, &run});
        at += run.size();
    }
}

}  // namespace ft::ckpt
