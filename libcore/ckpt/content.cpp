#include "libcore/ckpt/content.h"

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::ckpt {
namespace {

using source::Run;

constexpr std::size_t front = segment_front;

// So many reads after one that waited for the disk, the next ones are expected to wait as well.
constexpr int reads_called_cold = 4096;

/// Closes a relay however the segment ends, so that the next one does not wait for ever.
class Closing {
public:
    explicit Closing(std::shared_ptr<Relay> relay) : relay_(std::move(relay)) {}
    ~Closing() {
        if (relay_) relay_->close();
    }
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;

private:
    std::shared_ptr<Relay> relay_;
};

}  // namespace

void take_stat(source::Entry& entry, const io::Stat& stat) {
    entry.mode = stat.mode;
    entry.uid = stat.uid;
    entry.gid = stat.gid;
    entry.size = stat.size;
    entry.mtime = stat.mtime;
    entry.ctime = stat.ctime;
}

void settle_recent(source::Entry& entry, io::File& file, Time now) {
    constexpr std::int64_t recently_s = 300;  // ten times the age at which the kernel writes back by itself
    if (entry.mtime.s + recently_s < now.s && entry.ctime.s + recently_s < now.s) return;
    file.write_back();
    take_stat(entry, file.stat());
}

void add_hole(std::vector<Run>& runs, std::uint64_t bytes) {
    if (bytes == 0) return;
    if (!runs.empty() && runs.back().length == 0)
        runs.back().hole += bytes;
    else
        runs.push_back({.hole = bytes});
}

Bytes Relay::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tail_ || closed_; });
    if (!tail_) throw Failure({.what = "cannot read on", .why = "the part before failed"});
    return std::move(*tail_);
}

void Relay::give(Bytes tail) {
    std::lock_guard lock(mutex_);
    tail_ = std::move(tail);
    changed_.notify_all();
}

void Relay::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

ContentWorker::ContentWorker(store::Writer& writer, Clock& clock, ContentCounters& counters, Progress& progress)
    : lane_(writer),
      clock_(clock),
      counters_(counters),
      progress_(progress),
      memory_(std::make_unique_for_overwrite<std::byte[]>(segment_memory)),
      buffer_(memory_.get(), segment_memory) {}

std::size_t ContentWorker::read(io::File& file, std::span<std::byte> into, std::uint64_t at) {
    const auto start = clock_.monotonic();
    std::optional<std::size_t> got = file.read_cached(into, at);
    if (got) {
        if (counters_.cold > 0) --counters_.cold;
    } else {
        counters_.cold = reads_called_cold;
        got = file.read_at(into, at);
    }
    counters_.read_ns += static_cast<std::uint64_t>((clock_.monotonic() - start).count());
    counters_.bytes_read += *got;
    progress_.bytes += *got;
    return *got;
}

void ContentWorker::add_chunks(std::span<const View> chunks, std::vector<Run>& runs) {
    const auto start = clock_.monotonic();
    const std::vector<Digest> digests = digests_of(chunks);
    counters_.digest_ns += static_cast<std::uint64_t>((clock_.monotonic() - start).count());
    std::vector<store::ChunkRef> refs;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        refs.push_back({digests[i], static_cast<std::uint32_t>(chunks[i].size())});
        runs.push_back({.digest = refs.back().digest, .length = refs.back().length});
    }
    try {
        lane_.add_all(refs, chunks);
    } catch (const Failure& f) {  // says whose failure it is
        throw StoreFailure(f);
    }
}

std::uint64_t ContentWorker::whole_file(io::File& file, std::uint64_t size, std::vector<Run>& runs) {
    std::uint64_t at = 0;
    while (at < size) {
        const std::optional<io::Extent> extent = file.next_data(at);
        if (!extent || extent->start >= size) break;
        add_hole(runs, extent->start - at);
        const std::uint64_t end = std::min(extent->end, size);
        at = end - extent->start <= segment_size ? short_extent(file, {extent->start, end}, runs)
                                                 : long_extent(file, {extent->start, end}, runs);
        if (at < end) return at;
    }
    add_hole(runs, size - at);
    return size;
}

std::uint64_t ContentWorker::short_extent(io::File& file, io::Extent extent, std::vector<Run>& runs) {
    const std::size_t got = read(file, buffer_.first(extent.end - extent.start), extent.start);
    const View bytes = View(buffer_).first(got);
    if (got != 0 && got <= whole_file_chunk) {
        add_chunks({&bytes, 1}, runs);
        return extent.start + got;
    }
    std::vector<View> chunks;
    for (std::size_t cut = 0; const std::uint32_t length : chunk_lengths(bytes, content_chunks)) {
        chunks.push_back(bytes.subspan(cut, length));
        cut += length;
    }
    add_chunks(chunks, runs);
    return extent.start + got;
}

std::uint64_t ContentWorker::long_extent(io::File& file, io::Extent extent, std::vector<Run>& runs) {
    const std::shared_ptr<io::File> borrowed(&file, [](io::File*) {});  // shared only in form: it outlives this call
    std::shared_ptr<Relay> relay;
    std::uint64_t covered = extent.start;
    for (std::uint64_t at = extent.start; at < extent.end; at += segment_size) {
        Segment part{
            .file = borrowed, .start = at, .length = std::min(segment_size, extent.end - at), .in = std::move(relay)};
        part.ends = at + part.length == extent.end;
        if (!part.ends) part.out = relay = std::make_shared<Relay>();
        for (const Run& run : segment(std::move(part))) {
            covered += run.length;
            runs.push_back(run);
        }
    }
    return covered;
}

std::vector<Run> ContentWorker::segment(Segment segment) {
    const Closing closing(segment.out);
    check(segment.length <= segment_size && segment.before <= store::gear_window, "a segment fits its buffer");
    const std::span<std::byte> buffer = segment.file ? buffer_ : segment.memory.first(segment_memory);
    std::size_t end = front + segment.length;
    if (segment.file) {
        segment.before = std::min<std::uint64_t>(segment.in ? store::gear_window : 0, segment.start);
        const std::size_t got =
            read(*segment.file, buffer.subspan(front - segment.before, segment.before + segment.length),
                 segment.start - segment.before);
        end = std::max(front, front - segment.before + got);
    }
    const View all = View(buffer).first(end);
    const std::vector<store::Candidate> candidates =
        find_candidates(all.subspan(front), all.subspan(front - segment.before, segment.before), content_chunks);

    std::size_t start = front;
    if (segment.in) {
        const Bytes tail = segment.in->take();
        start -= tail.size();
        std::copy(tail.begin(), tail.end(), buffer.begin() + static_cast<std::ptrdiff_t>(start));
    }
    std::vector<View> chunks;
    while (start < end) {
        const std::optional<std::uint64_t> cut = next_cut(start, end, segment.ends, candidates, front, content_chunks);
        if (!cut) break;
        chunks.push_back(all.subspan(start, *cut - start));
        start = *cut;
    }
    if (segment.out) segment.out->give({all.begin() + static_cast<std::ptrdiff_t>(start), all.end()});
    std::vector<Run> runs;
    add_chunks(chunks, runs);
    return runs;
}

}  // namespace ft::ckpt
