#include "libcore/ckpt/chunk_feed.h"

#include <algorithm>

namespace ft::ckpt {

void ChunkFeed::add(std::span<const source::Run> runs) {
    for (const source::Run& run : runs)
        if (run.length != 0) chunks_.push_back({run.digest, run.length});
}

Pieces ChunkFeed::next(std::size_t most) {
    if (given_ == ready_.size()) {
        check(begun_ < chunks_.size(), "no more chunks are taken than were added");
        ready_ = reader_.read_front(std::span(chunks_).subspan(begun_));
        begun_ += ready_.size();
        given_ = 0;
    }
    Pieces out{.content = ready_[given_++], .count = 1};
    View& bytes = out.content.bytes;
    for (; out.count < most && given_ < ready_.size(); ++out.count, ++given_) {
        const View next = ready_[given_].bytes;
        if (next.data() != bytes.data() + bytes.size()) break;
        bytes = {bytes.data(), bytes.size() + next.size()};
    }
    return out;
}

}  // namespace ft::ckpt
