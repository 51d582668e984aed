// Goal: what a restore holds in memory does not depend on what a checkpoint says. Method: count what is placed at once.
#include "libcore/ckpt/restore_tree.h"

#include <algorithm>

#include "libcore/ckpt/place.h"
#include "libcore/store/reader.h"
#include "tests/catch.h"
#include "tests/ckpt/lab.h"

namespace ft::test {
namespace {

/// Places nothing; remembers how much came at once.
class Counting final : public ckpt::Placer {
public:
    ckpt::There expect(io::Dir&, const std::string&) override { return ckpt::There::nothing; }
    std::shared_ptr<io::Dir> dir(io::Dir& parent, const std::string&, const source::Entry&) override {
        return io::open_dir(parent, ".");
    }
    void files(std::span<const ckpt::FileJob> jobs) override {
        total += jobs.size();
        most = std::max(most, jobs.size());
    }
    void special(io::Dir&, const std::string&, const source::Entry&) override {}
    std::shared_ptr<io::File> begin_large(io::Dir&, const std::string&, const source::Entry&) override { return {}; }
    void large_piece(io::File&, std::uint64_t, std::span<const source::Run>) override {}
    void end_large(io::File&, io::Dir&, const std::string&, const source::Entry&) override {}
    void link(io::Dir&, const std::string&, io::Dir&, const std::string&, const source::Entry&) override {}
    void finish_dir(io::Dir&, const source::Entry&) override {}
    std::size_t total = 0, most = 0;
};

/// The most files that are placed at once of 40, each of one byte and with `xattrs` attributes of 64 kB.
std::size_t most_at_once(std::size_t xattrs) {
    Lab lab;
    const std::string value(60'000, 'v');
    for (int i = 10; i < 50; ++i) lab.write("f" + std::to_string(i), "1");
    const std::unique_ptr<io::Dir> data = io::open_dir(lab.root(), "data");
    for (const io::Listed& file : data->list())
        for (std::size_t k = 0; k < xattrs; ++k) data->set_xattr(file.name, {"user." + std::to_string(k), value});
    lab.save("t");
    store::Store& from = lab.store();
    store::Reader reader(from);
    const store::Manifest manifest = from.manifest(from.resolve("t"));
    Counting placer;
    Progress progress;
    const std::shared_ptr<io::Dir> root = io::open_dir(lab.root(), ".");
    const ckpt::TreeJob job{manifest.sources.front(), "t@1", {}, 0};
    (void)ckpt::place_tree(job, reader, placer, root, "dest", progress);
    CHECK(placer.total == 40);
    return placer.most;
}

}  // namespace

TEST_CASE("files with many attributes are placed few at once", "[ckpt]") {
    CHECK(most_at_once(0) == 40);
    CHECK(most_at_once(20) <= 4);
}

}  // namespace ft::test
