// Goal: chunks that are verified several at once are still told apart, and none is handed out that is not right.
// Method: a store whose writer was lied to about one chunk; its neighbours must come, it must not.

#include "libcore/ckpt/chunk_feed.h"
#include "libcore/store/writer.h"
#include "tests/catch.h"
#include "tests/ckpt/lab.h"

namespace ft::test {
namespace {

constexpr std::uint32_t chunk_bytes = 1000;

/// Stores chunks side by side, one of them with another's content. returns  what names them.
std::vector<source::Run> store_chunks(store::Store& store, const std::vector<std::string>& contents,
                                      std::size_t wrong) {
    store::Writer writer(store, {.threaded = false});
    store::Writer::Lane lane(writer);
    std::vector<source::Run> runs;
    for (std::size_t i = 0; i < contents.size(); ++i) {
        runs.push_back({.digest = digest_of(view_of(contents[i])), .length = chunk_bytes});
        const std::string& stored = i == wrong ? contents.front() : contents[i];
        REQUIRE(lane.add({runs.back().digest, chunk_bytes}, view_of(stored)));
    }
    lane.flush();
    writer.finish();
    return runs;
}

}  // namespace

TEST_CASE("a feed hands out the chunks before a wrong one, and fails at that one", "[ckpt]") {
    std::vector<std::string> contents;
    for (std::uint64_t seed = 0; seed < 8; ++seed) contents.push_back(noise(seed, chunk_bytes));
    for (const std::size_t wrong : {1U, 5U, 7U, 8U}) {  // 8: none
        Lab lab;
        const std::vector<source::Run> runs = store_chunks(lab.store(), contents, wrong);
        store::Reader reader(lab.store());
        ckpt::ChunkFeed feed(reader);
        feed.add(runs);
        for (std::size_t at = 0; at < wrong && at < contents.size();) {
            const ckpt::Pieces pieces = feed.next(2);
            REQUIRE((pieces.count == 1 || pieces.count == 2));
            for (std::size_t i = 0; i < pieces.count; ++i)
                CHECK(text_of(pieces.content.bytes.subspan(i * chunk_bytes, chunk_bytes)) == contents[at + i]);
            at += pieces.count;
            REQUIRE(at <= wrong);
        }
        if (wrong < contents.size())
            CHECK_THROWS_WITH(feed.next(2), Catch::Matchers::Contains("a chunk's content has another digest"));
    }
}

TEST_CASE("what is written from a feed skips holes and may ask for less than is ready", "[ckpt]") {
    Lab lab;
    const std::vector<std::string> contents{noise(1, chunk_bytes), noise(2, chunk_bytes), noise(3, chunk_bytes)};
    std::vector<source::Run> runs = store_chunks(lab.store(), contents, contents.size());
    runs.insert(runs.begin() + 1, {.hole = 4096});
    store::Reader reader(lab.store());
    ckpt::ChunkFeed feed(reader);
    feed.add(runs);
    for (const std::string& content : contents) {
        const ckpt::Pieces pieces = feed.next(1);
        CHECK(pieces.count == 1);
        CHECK(text_of(pieces.content.bytes) == content);
    }
}

TEST_CASE("chunks of one block come right in any order, up to the first that is wrong", "[ckpt]") {
    std::vector<std::string> contents;
    for (std::uint64_t seed = 0; seed < 8; ++seed) contents.push_back(noise(seed, chunk_bytes));
    for (const std::size_t wrong : {4U, 8U}) {  // 8: none
        Lab lab;
        const std::vector<source::Run> runs = store_chunks(lab.store(), contents, wrong);
        store::Reader reader(lab.store());
        ckpt::ChunkFeed feed(reader);
        const std::vector<std::size_t> order{6, 1, 2, 2, 7, 3, 4, 5};
        for (const std::size_t i : order) feed.add({&runs[i], 1});
        std::vector<std::string> given;
        while (given.size() < (wrong == 4 ? 6 : order.size())) {
            const ckpt::Pieces pieces = feed.next(8);
            for (std::size_t i = 0; i < pieces.count; ++i)
                given.emplace_back(text_of(pieces.content.bytes.subspan(i * chunk_bytes, chunk_bytes)));
        }
        for (std::size_t i = 0; i < given.size(); ++i) CHECK(given[i] == contents[order[i]]);
        if (wrong == 4) CHECK_THROWS_WITH(feed.next(8), Catch::Matchers::Contains("another digest"));
    }
}

TEST_CASE("chunks that are given together are stored as if given one by one", "[ckpt]") {
    std::string side_by_side;
    for (std::uint64_t seed = 0; seed < 40; ++seed) side_by_side += noise(seed, 64U << 10);
    std::vector<View> contents;  // a gap, and one that is known by then
    for (const std::size_t i : {0U, 1U, 2U, 4U, 5U, 4U, 6U})
        contents.push_back(view_of(side_by_side).subspan(i * (64U << 10), 64U << 10));
    for (std::size_t i = 7; i < 40; ++i)  // more than a block
        contents.push_back(view_of(side_by_side).subspan(i * (64U << 10), 64U << 10));
    std::vector<store::ChunkRef> refs;
    for (const View content : contents)
        refs.push_back({digest_of(content), static_cast<std::uint32_t>(content.size())});

    std::vector<std::vector<std::string>> objects;
    for (const bool together : {false, true}) {
        Lab lab;
        store::Writer writer(lab.store(), {.threaded = false});
        store::Writer::Lane lane(writer);
        for (std::size_t half = 0; half < 2; ++half) {  // a block that was begun is gone on with
            const std::size_t from = half * 5, count = half == 0 ? 5 : refs.size() - 5;
            if (together) lane.add_all(std::span(refs).subspan(from, count), std::span(contents).subspan(from, count));
            for (std::size_t i = from; !together && i < from + count; ++i) (void)lane.add(refs[i], contents[i]);
        }
        lane.flush();
        writer.finish();
        objects.push_back(lab.objects("packs"));
        store::Reader reader(lab.store());
        for (std::size_t i = 0; i < refs.size(); ++i)
            CHECK(text_of(reader.read(refs[i]).bytes) == text_of(contents[i]));
    }
    CHECK(objects[0] == objects[1]);
}

}  // namespace ft::test
