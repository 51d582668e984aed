#include "libcore/ckpt/chunk_feed.h"

#include <algorithm>

namespace ft::ckpt {

void ChunkFeed::add(std::span<const source::Run> runs) {
    for (const source::Run& run : runs)
        if (run.length != 0) chunks_.push_back({run.digest, run.length});
}

store::Pieces ChunkFeed::next(std::size_t most) {
    check(given_ < chunks_.size() && most != 0, "no more chunks are taken than were added");
    if (ready_.count == 0) ready_ = reader_.read_front(std::span(chunks_).subspan(given_));
    store::Pieces out{.content = ready_.content, .count = std::min(most, ready_.count)};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < out.count; ++i) bytes += chunks_[given_ + i].length;
    out.content.bytes = ready_.content.bytes.first(bytes);
    ready_.content.bytes = ready_.content.bytes.subspan(bytes);
    ready_.count -= out.count;
    given_ += out.count;
    return out;
}

}  // namespace ft::ckpt
