#include "libcore/base/failure.h"
#include "libcore/ckpt/place.h"
#include "libcore/ckpt/stored_entries.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using source::Run;

class FreshPlacer final : public Placer {
public:
    explicit FreshPlacer(PlaceTools tools) : tools_(tools), builder_(tools.powers, tools.notes) {}

    void expect(io::Dir&, const std::string&) override {}

    std::shared_ptr<io::Dir> dir(io::Dir& parent, const std::string& name, const Entry&) override {
        return builder_.start_dir(parent, name);
    }

    void file(io::Dir& parent, const std::string& name, const Entry& entry) override {
        const std::unique_ptr<io::File> file = builder_.start_file(parent, name, entry);
        large_piece(*file, 0, entry.runs);
        finish(*file, entry);
    }

    void special(io::Dir& parent, const std::string& name, const Entry& entry) override {
        builder_.make_special(parent, name, entry);
    }

    std::shared_ptr<io::File> begin_large(io::Dir& parent, const std::string& name, const Entry& entry) override {
        return builder_.start_file(parent, name, entry);
    }

    void large_piece(io::File& file, std::uint64_t at, std::span<const Run> runs) override {
        while (!runs.empty()) {
            const Stretch stretch = first_stretch(tools_.reader, runs);
            at += stretch.chunks.empty() ? stretch.hole : write(file, at, stretch.chunks);
            runs = runs.subspan(stretch.runs);
        }
    }

    void end_large(io::File& file, io::Dir&, const std::string&, const Entry& entry) override { finish(file, entry); }

    void link(io::Dir& from, const std::string& old_name, io::Dir& parent, const std::string& name,
              const Entry&) override {
        if (!from.make_link(old_name, parent, name))
            throw Failure({.what = "cannot link", .where = parent.path() + "/" + name, .why = "the name is taken"});
    }

    void finish_dir(io::Dir& dir, const Entry& entry) override { builder_.finish_dir(dir, entry); }

private:
    std::uint64_t write(io::File& file, std::uint64_t at, std::span<const store::ChunkRef> chunks) {
        const store::Chunk content = tools_.reader.read_together(chunks);
        file.write_at(content.bytes, at);
        tools_.written.wrote(content.bytes.size());
        tools_.progress.bytes += content.bytes.size();
        return content.bytes.size();
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

std::unique_ptr<Placer> fresh_placer(PlaceTools tools) { return std::make_unique<FreshPlacer>(tools); }

}  // namespace ft::ckpt
