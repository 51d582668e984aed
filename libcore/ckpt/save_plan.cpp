#include "libcore/ckpt/save_plan.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::ckpt {
namespace {

// A batch is a thread's unit of work: large enough that handing it over costs nothing, small enough that all threads
// end together.
constexpr std::uint64_t batch_bytes = 1U << 20;
constexpr std::size_t batch_reads = 128;
constexpr std::size_t batch_entries = 1024;

bool is_large(const source::Found& found) {
    return found.entry.kind == io::Kind::file && found.entry.hard_link.empty() && found.entry.size > segment_size;
}

}  // namespace

SavePlan::SavePlan(std::vector<source::Source>& sources, std::vector<std::unique_ptr<Previous>> previous, Time started,
                   Notes& notes)
    : sources_(sources), previous_(std::move(previous)), started_(started), notes_(notes) {}

std::optional<SaveTask> SavePlan::next() {
    while (current_ < sources_.size()) {
        source::Source& source = sources_[current_];
        if (source.kind == source::SourceKind::stream) return next_of_stream(source);
        if (large_) return next_of_file();
        if (!walk_) walk_ = std::make_unique<source::TreeWalk>(source.parent, source.name, source.walk, notes_);
        if (std::optional<SaveTask> task = next_batch()) return task;
        if (large_) continue;
        walk_.reset();
        ++current_;
    }
    return std::nullopt;
}

std::optional<SaveTask> SavePlan::next_batch() {
    SaveTask task{.source = current_};
    std::uint64_t bytes = 0;
    std::size_t reads = 0;
    while (bytes < batch_bytes && reads < batch_reads && task.batch.size() < batch_entries) {
        std::optional<source::Found> found = std::move(put_back_);
        put_back_.reset();
        if (!found) found = walk_->next();
        if (!found) break;
        if (std::optional<source::Entry> entry = previous_[current_]->unchanged(*found)) {
            found->entry = std::move(*entry);
            task.batch.push_back({std::move(*found), true});
            continue;
        }
        if (is_large(*found)) {
            if (!task.batch.empty()) {
                put_back_ = std::move(found);
                break;
            }
            if (begin_large(*found)) return std::nullopt;
            found->parent = nullptr;  // left out; later names of a hard link must know
            task.batch.push_back({std::move(*found), false});
            continue;
        }
        bytes += found->entry.kind == io::Kind::file ? found->entry.size : 0;
        ++reads;
        task.batch.push_back({std::move(*found), false});
    }
    if (task.batch.empty()) return std::nullopt;
    return task;
}

bool SavePlan::begin_large(source::Found& found) {
    large_ = std::make_shared<LargeContent>();
    try {
        large_->file = found.parent->find_file(found.name, io::Access::read);
    } catch (const Failure& f) {  // one file is not the checkpoint: it is left out and named
        if (found.entry.path.empty()) throw;
        notes_.add("cannot read", found.entry.path, f.parts().why);
    }
    if (!large_->file) {
        large_.reset();
        return false;
    }
    large_->found = std::move(found);
    settle_recent(large_->found.entry, *large_->file, started_);
    at_ = 0;
    extent_.reset();
    relay_.reset();
    return true;
}

SaveTask SavePlan::next_of_file() {
    SaveTask task{.source = current_, .large = large_};
    const std::uint64_t size = large_->found.entry.size;
    if (!extent_ && at_ < size) {
        const std::optional<io::Extent> data = large_->file->next_data(at_);
        const std::uint64_t start = data ? std::min(data->start, size) : size;
        task.hole_before = start - at_;
        at_ = start;
        if (start < size) extent_ = io::Extent{start, std::min(data->end, size)};
    }
    if (extent_) {
        ContentWorker::Segment segment{.file = large_->file, .start = at_};
        segment.length = std::min(extent_->end - at_, segment_size);
        segment.ends = at_ + segment.length == extent_->end;
        segment.in = std::move(relay_);
        if (!segment.ends) segment.out = relay_ = std::make_shared<Relay>();
        at_ += segment.length;
        if (segment.ends) extent_.reset();
        task.segment = std::move(segment);
    }
    task.last = at_ == size;
    if (task.last) large_.reset();
    return task;
}

SaveTask SavePlan::next_of_stream(source::Source& source) {
    if (!large_) large_ = std::make_shared<LargeContent>();
    ContentWorker::Segment segment{.before = stream_before_.size()};
    const std::span<std::byte> memory = segment.memory.first(segment_memory);
    std::copy(stream_before_.begin(), stream_before_.end(), memory.subspan(segment_front - segment.before).begin());
    segment.length = source.read(memory.subspan(segment_front, segment_size));
    segment.ends = segment.length < segment_size;
    segment.in = std::move(relay_);
    SaveTask task{.source = current_, .large = large_, .last = segment.ends};
    if (segment.ends) {
        large_.reset();
        ++current_;
    } else {
        segment.out = relay_ = std::make_shared<Relay>();
        const std::span<std::byte> last = memory.last(store::gear_window);
        stream_before_.assign(last.begin(), last.end());
    }
    task.segment = std::move(segment);
    return task;
}

}  // namespace ft::ckpt
