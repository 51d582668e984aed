// A byte stream kept as chunks under a small root: the streams of entries of every checkpoint.
//
// The stream is cut by content into small chunks; where there are many, the list of their refs is a stream of the same
// kind, and so on (a Merkle tree), so that two checkpoints that differ little share nearly all of it.
//
//     RootWriter out(writer, lane); out.append(bytes); Root root = out.finish();
//     RootReader in(reader, root); while (Bytes piece = in.next(); !piece.empty()) ...
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "libcore/store/chunker.h"
#include "libcore/store/manifest.h"
#include "libcore/store/reader.h"
#include "libcore/store/writer.h"

namespace ft::store {

/// Cuts bytes that come in pieces; gives the same chunks however they are cut into pieces.
class StreamChunker {
public:
    StreamChunker(ChunkSizes sizes, std::function<void(View)> emit) : sizes_(sizes), emit_(std::move(emit)) {}
    void append(View bytes);
    /// Gives out the rest.
    void finish();

private:
    void scan();
    void cut(bool at_end);
    ChunkSizes sizes_;
    std::function<void(View)> emit_;
    Bytes buffer_;             // from the start of the chunk that is open
    std::size_t scanned_ = 0;  // bytes of buffer_ whose candidates are known
    std::size_t before_ =
        0;  // bytes at the front of buffer_ that belong to chunks already given out (the hash looks back)
    std::vector<Candidate> candidates_;  // counted from the buffer's start
};

class RootWriter {
public:
    /// lane   takes the new chunks; only this writer uses it.   depth  0; of the writers of lists of refs: how far
    /// above the stream.
    RootWriter(Writer& writer, Writer::Lane& lane, std::uint8_t depth = 0);
    void append(View bytes);
    [[nodiscard]] Root finish();

private:
    void take(View chunk);
    void pass_up();
    Writer& writer_;
    Writer::Lane& lane_;
    std::uint8_t depth_;
    std::uint64_t bytes_ = 0;
    StreamChunker chunker_;
    std::vector<ChunkRef> refs_;
    std::unique_ptr<RootWriter> above_;
};

class RootReader {
public:
    /// seen  is told every chunk that is read, of all levels.
    RootReader(Reader& reader, const Root& root, std::function<void(const ChunkRef&)> seen = {});
    /// The next piece; empty at the end. fails  damage, also where the stream is longer or shorter than the root says.
    [[nodiscard]] Bytes next();

private:
    [[nodiscard]] Bytes piece(std::size_t level);
    struct Level {
        std::vector<ChunkRef> refs;
        std::size_t at = 0;
        Bytes rest;  // bytes of a ref that was cut
    };
    Reader& reader_;
    std::vector<Level> levels_;  // [0] is the stream itself, the last one the root's own list
    std::uint64_t left_;
    std::function<void(const ChunkRef&)> seen_;
};

}  // namespace ft::store
