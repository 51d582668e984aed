// Goal: what stands in an index object is found, whatever other programs make of the object meanwhile.
#include "libcore/store/index.h"

#include "libcore/sim/disk.h"
#include "libcore/store/index_merge.h"
#include "tests/catch.h"

using namespace ft;
using namespace ft::store;

namespace {

/// Puts an index object that says where one chunk is. returns  its name.
[[nodiscard]] std::string put_index_of(Backend& backend, const std::string& chunk) {
    IndexBuilder builder(backend, {{digest_of(view_of("pack of " + chunk)), 100}});
    builder.add(digest_of(view_of(chunk)),
                {.block_offset = 16, .block_stored = 50, .length = static_cast<std::uint32_t>(chunk.size())});
    return builder.finish();
}

}  // namespace

TEST_CASE("an index object that is merged before it is taken in is found in what it became") {
    sim::SimDisk disk;
    const std::unique_ptr<Backend> backend = directory_backend(disk.root(), disk.clock());
    (void)put_index_of(*backend, "older");
    Index index(*backend);
    const std::string fresh = put_index_of(*backend, "new");
    {
        const Index all(*backend);
        REQUIRE_FALSE(merge_segments(*backend, all, all.segments(), {}).empty());
        backend->remove(std::vector{fresh});
    }
    index.load(fresh);
    CHECK_FALSE(index.find_all(digest_of(view_of("new"))).empty());
}
