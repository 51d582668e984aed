#include "libcore/store/root.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::store {
namespace {

// Small, because a change to one file of a thousand should store little more than that file's entry again (measured in
// FORMAT.md).
constexpr ChunkSizes entry_chunks{.min = 1U << 10, .normal = 4U << 10, .max = 16U << 10};
constexpr std::size_t refs_in_root = 64;
constexpr std::size_t scan_step = 64U << 10;
constexpr std::size_t depth_limit = 8;

}  // namespace

void StreamChunker::append(View bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    if (buffer_.size() - scanned_ < scan_step) return;
    scan();
    cut(false);
}

void StreamChunker::finish() {
    scan();
    cut(true);
}

void StreamChunker::scan() {
    const View all(buffer_);
    const std::size_t window = std::min(scanned_, gear_window);
    for (Candidate candidate : find_candidates(all.subspan(scanned_), all.subspan(scanned_ - window, window), sizes_)) {
        candidate.end += static_cast<std::uint32_t>(scanned_);
        candidates_.push_back(candidate);
    }
    scanned_ = buffer_.size();
}

void StreamChunker::cut(bool at_end) {
    std::size_t start = before_;
    while (start < buffer_.size()) {
        const std::optional<std::uint64_t> end = next_cut(start, buffer_.size(), at_end, candidates_, 0, sizes_);
        if (!end) break;
        emit_(View(buffer_).subspan(start, *end - start));
        start = *end;
    }
    // Keep what the hash of the next position looks back to.
    const std::size_t drop = start > gear_window ? start - gear_window : 0;
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(drop));
    before_ = start - drop;
    scanned_ -= drop;
    std::erase_if(candidates_, [&](const Candidate& c) { return c.end <= start; });
    for (Candidate& candidate : candidates_) candidate.end -= static_cast<std::uint32_t>(drop);
}

RootWriter::RootWriter(Writer& writer, Writer::Lane& lane, std::uint8_t depth)
    : writer_(writer), lane_(lane), depth_(depth), chunker_(entry_chunks, [this](View chunk) { take(chunk); }) {}

void RootWriter::append(View bytes) {
    bytes_ += bytes.size();
    chunker_.append(bytes);
}

void RootWriter::take(View chunk) {
    const ChunkRef ref{digest_of(chunk), static_cast<std::uint32_t>(chunk.size())};
    (void)lane_.add(ref, chunk);
    refs_.push_back(ref);
    if (refs_.size() > refs_in_root) pass_up();
}

void RootWriter::pass_up() {
    if (!above_) above_ = std::make_unique<RootWriter>(writer_, lane_, static_cast<std::uint8_t>(depth_ + 1));
    Encoder out;
    for (const ChunkRef& ref : refs_) encode_ref(out, ref);
    refs_.clear();
    above_->append(out.view());
}

Root RootWriter::finish() {
    chunker_.finish();
    if (!above_) return {depth_, bytes_, std::move(refs_)};
    pass_up();
    Root root = above_->finish();
    root.bytes = bytes_;
    return root;
}

RootReader::RootReader(Reader& reader, const Root& root, std::function<void(const ChunkRef&)> seen)
    : reader_(reader), levels_(root.depth + std::size_t{1}), left_(root.bytes), seen_(std::move(seen)) {
    if (root.depth > depth_limit) throw damage("a root", "it is deeper than one can be");
    levels_.back().refs = root.chunks;
}

Bytes RootReader::next() {
    Bytes bytes = piece(0);
    if (bytes.size() > left_ || (bytes.empty() && left_ != 0))
        throw damage("a stream of entries", "it has another length than its root says");
    left_ -= bytes.size();
    return bytes;
}

Bytes RootReader::piece(std::size_t number) {
    Level& level = levels_[number];
    while (level.at == level.refs.size()) {
        if (number + 1 == levels_.size()) return {};
        const Bytes above = piece(number + 1);
        if (above.empty()) {
            if (!level.rest.empty()) throw damage("a stream of entries", "its list of chunks is cut");
            return {};
        }
        level.rest.insert(level.rest.end(), above.begin(), above.end());
        level.refs.clear();
        level.at = 0;
        Decoder in(level.rest, "a list of chunks");
        while (in.left() >= ref_size) level.refs.push_back(decode_ref(in));
        level.rest.erase(level.rest.begin(), level.rest.end() - static_cast<std::ptrdiff_t>(in.left()));
    }
    const ChunkRef& ref = level.refs[level.at++];
    if (seen_) seen_(ref);
    const Chunk chunk = reader_.read(ref);
    return {chunk.bytes.begin(), chunk.bytes.end()};
}

}  // namespace ft::store
