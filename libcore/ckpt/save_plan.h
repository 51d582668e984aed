// What a save has to do, in order: batches of small entries, segments of large content. Made by one thread, worked on
// by several.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "libcore/base/notes.h"
#include "libcore/ckpt/content.h"
#include "libcore/ckpt/previous.h"
#include "libcore/source/source.h"

namespace ft::ckpt {

struct BatchItem {
    source::Found found;     ///< parent null: could not be read, is left out
    bool unchanged = false;  ///< found.entry is complete as the previous checkpoint had it
};

/// A file that is read in segments, or a stream (file null).
struct LargeContent {
    source::Found found;
    std::shared_ptr<io::File> file;
};

struct SaveTask {
    std::size_t source = 0;  ///< number of the source it belongs to
    std::vector<BatchItem> batch;

    // Or one step through a large file or stream:
    std::shared_ptr<LargeContent> large;  ///< shared by the tasks of one file
    std::uint64_t hole_before = 0;        ///< bytes of hole in front of the segment
    std::optional<ContentWorker::Segment> segment;
    bool last = false;  ///< of this content
};

/// Gives out the tasks of all sources in order.
class SavePlan {
public:
    /// previous  one for each source.   started  when the save began.
    SavePlan(std::vector<source::Source>& sources, std::vector<std::unique_ptr<Previous>> previous, Time started,
             Notes& notes);
    [[nodiscard]] std::optional<SaveTask> next();

private:
    [[nodiscard]] std::optional<SaveTask> next_batch();
    [[nodiscard]] SaveTask next_of_file();
    [[nodiscard]] SaveTask next_of_stream(source::Source& source);
    [[nodiscard]] bool begin_large(source::Found& found);

    std::vector<source::Source>& sources_;
    std::vector<std::unique_ptr<Previous>> previous_;
    Time started_;
    Notes& notes_;
    std::size_t current_ = 0;
    std::unique_ptr<source::TreeWalk> walk_;
    std::optional<source::Found> put_back_;  // a large file that ended a batch

    // The large content that is being given out.
    std::shared_ptr<LargeContent> large_;
    std::uint64_t at_ = 0;              // next byte
    std::optional<io::Extent> extent_;  // that at_ lies in
    std::shared_ptr<Relay> relay_;      // from the segment before
    Bytes stream_before_;               // last bytes of the stream's segment before
};

}  // namespace ft::ckpt
