// Turns content into runs: reads extents, cuts them into chunks, digests, and hands new chunks to the store.
//
// Small files are dealt with whole by one thread. Large ones and streams come in segments that several threads work on
// at once: each finds the candidates of its own segment, then takes over the unfinished chunk of the segment before
// (Relay), so that the chunks are those of one pass.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/failure.h"
#include "libcore/base/progress.h"
#include "libcore/io/dir.h"
#include "libcore/source/entry.h"
#include "libcore/store/chunker.h"
#include "libcore/store/writer.h"

namespace ft::ckpt {

inline constexpr store::ChunkSizes content_chunks{};          ///< FORMAT.md of the store has the measurement
inline constexpr std::uint64_t segment_size = 4U << 20;       ///< files beyond it, and streams, are read in such pieces
inline constexpr std::uint32_t whole_file_chunk = 64U << 10;  ///< content up to this length is one chunk

/// Room in front of a segment: for the unfinished chunk of the segment before, and for what the hash looks back to.
inline constexpr std::size_t segment_front = content_chunks.max + store::gear_window;
inline constexpr std::size_t segment_memory = segment_front + segment_size;

/// A failure of the store while content is being read: never the fault of the file, so never a reason to leave it out.
class StoreFailure final : public Failure {
public:
    explicit StoreFailure(const Failure& failure) : Failure(failure.parts()) {}
};

/// Nanoseconds and bytes, summed over threads.
struct ContentCounters {
    std::atomic<std::uint64_t> read_ns{0}, digest_ns{0}, bytes_read{0};
    /// Reads to go since one last had to wait for the disk: above 0, files are worth asking for before they are read.
    std::atomic<int> cold{0};
};

/// Hands the bytes of an unfinished chunk from one segment to the next.
class Relay {
public:
    /// Waits for the tail; a Failure if the segment before ended without giving it.
    [[nodiscard]] Bytes take();
    void give(Bytes tail);
    /// Called when a segment ends, given or not.
    void close();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Bytes> tail_;
    bool closed_ = false;
};

/// One thread's tools for content.
class ContentWorker {
public:
    ContentWorker(store::Writer& writer, Clock& clock, ContentCounters& counters, Progress& progress);

    /// Runs of a whole file of (about) `size` bytes, holes included, on this thread alone. returns  the bytes that were
    /// really there.
    std::uint64_t whole_file(io::File& file, std::uint64_t size, std::vector<source::Run>& runs);

    /// A piece of one extent of a large file, or of a stream.
    struct Segment {
        std::shared_ptr<io::File> file;       ///< null: bytes are in `bytes`. Shared by the segments of the file
        std::uint64_t start = 0, length = 0;  ///< in the file
        Scratch memory;                       ///< stream: segment_memory bytes, the segment from segment_front on
        std::size_t before = 0;               ///< bytes just before the segment that are known, up to gear_window
        bool ends = false;                    ///< last one of its extent or stream
        std::shared_ptr<Relay> in, out;       ///< null at the extent's start and end
    };
    /// Runs of the chunks that end in the segment. A file that is shorter than expected gives fewer bytes.
    std::vector<source::Run> segment(Segment segment);

    void flush() { lane_.flush(); }

private:
    [[nodiscard]] std::uint64_t short_extent(io::File& file, io::Extent extent, std::vector<source::Run>& runs);
    [[nodiscard]] std::uint64_t long_extent(io::File& file, io::Extent extent, std::vector<source::Run>& runs);
    void add_chunks(std::span<const View> chunks, std::vector<source::Run>& runs);
    std::size_t read(io::File& file, std::span<std::byte> into, std::uint64_t at);
    store::Writer::Lane lane_;
    Clock& clock_;
    ContentCounters& counters_;
    Progress& progress_;
    std::unique_ptr<std::byte[]> memory_;
    std::span<std::byte> buffer_;  // room for the unfinished chunk of the segment before, then for a segment
};

/// What fstat says now, in the entry.
void take_stat(source::Entry& entry, const io::Stat& stat);
/// Makes sure that a store through a mapping after this moves the times of a file that changed in the last minutes
/// before `now`: a page that is dirty already would take it unseen. Refreshes the entry's stat.
void settle_recent(source::Entry& entry, io::File& file, Time now);

/// Appends a hole of `bytes` (merged with a hole before it).
void add_hole(std::vector<source::Run>& runs, std::uint64_t bytes);

}  // namespace ft::ckpt
