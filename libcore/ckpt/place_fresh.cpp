#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/ckpt/chunk_feed.h"
#include "libcore/ckpt/place.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using source::Run;

class FreshPlacer final : public Placer {
public:
    FreshPlacer(PlaceTools tools, Around around) : tools_(tools), builder_(tools.powers, tools.notes, around) {}

    There expect(io::Dir&, const std::string&) override { return There::nothing; }

    std::shared_ptr<io::Dir> dir(io::Dir& parent, const std::string& name, const Entry& entry) override {
        return builder_.start_dir(parent, name, entry);
    }

    void files(std::span<const FileJob> jobs) override {
        ChunkFeed feed(tools_.reader);
        for (const FileJob& job : jobs) feed.add(job.entry.runs);
        for (const FileJob& job : jobs)
            placing(tools_.checkpoint, job.entry, [&] {
                const std::unique_ptr<io::File> file = builder_.start_file(job.parent, job.name, job.entry);
                write(*file, 0, job.entry.runs, feed);
                finish(*file, job.entry);
            });
    }

    void special(io::Dir& parent, const std::string& name, const Entry& entry) override {
        builder_.make_special(parent, name, entry);
    }

    std::shared_ptr<io::File> begin_large(io::Dir& parent, const std::string& name, const Entry& entry) override {
        return builder_.start_file(parent, name, entry);
    }

    void large_piece(io::File& file, std::uint64_t at, std::span<const Run> runs) override {
        ChunkFeed feed(tools_.reader);
        feed.add(runs);
        write(file, at, runs, feed);
    }

    void end_large(io::File& file, io::Dir&, const std::string&, const Entry& entry) override { finish(file, entry); }

    void link(io::Dir& from, const std::string& old_name, io::Dir& parent, const std::string& name,
              const Entry&) override {
        if (!from.make_link(old_name, parent, name))
            throw Failure({.what = "cannot link", .where = parent.path() + "/" + name, .why = "the name is taken"});
    }

    void finish_dir(io::Dir& dir, const Entry& entry) override { builder_.finish_dir(dir, entry); }

private:
    /// feed  has the chunks of the runs next.
    void write(io::File& file, std::uint64_t at, std::span<const Run> runs, ChunkFeed& feed) {
        while (!runs.empty()) {
            const auto hole = std::find_if(runs.begin(), runs.end(), [](const Run& run) { return run.length == 0; });
            if (hole == runs.begin()) {
                at += hole->hole;
                runs = runs.subspan(1);
                continue;
            }
            const Pieces pieces = feed.next(static_cast<std::size_t>(hole - runs.begin()));
            file.write_at(pieces.content.bytes, at);
            wrote(pieces.content.bytes.size());
            at += pieces.content.bytes.size();
            runs = runs.subspan(pieces.count);
        }
    }

    void wrote(std::uint64_t bytes) {
        tools_.written.wrote(bytes);
        tools_.progress.bytes += bytes;
    }

    void finish(io::File& file, const Entry& entry) {
        const bool ends_in_hole = !entry.runs.empty() ? entry.runs.back().length == 0 : entry.size != 0;
        if (ends_in_hole || entry.size > segmented) file.set_size(entry.size);
        builder_.finish_file(file, entry);
    }

    static constexpr std::uint64_t segmented = 4U << 20;  // larger files' entries do not carry all their runs
    PlaceTools tools_;
    source::TreeBuilder builder_;
};

}  // namespace

std::unique_ptr<Placer> fresh_placer(PlaceTools tools, Around around) {
    return std::make_unique<FreshPlacer>(tools, around);
}

}  // namespace ft::ckpt
