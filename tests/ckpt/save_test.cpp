#include "tests/catch.h"
#include "tests/ckpt/lab.h"

#include "libcore/base/failure.h"

namespace ft::test {

TEST_CASE("a tree comes back as it was saved", "[ckpt]") {
    Lab lab;
    lab.write("a", "one");
    lab.write("empty", "");
    lab.write("d/e/f", noise(1, 300'000));
    lab.write("d/g", noise(2, 9'000'000));  // longer than a segment
    const Tree saved = lab.tree("data");
    const ckpt::SaveReport report = lab.save("t");
    CHECK(report.sequence == 1);
    CHECK(report.store_created);
    CHECK(report.notes.empty());
    CHECK(lab.restore("t", "out").notes.empty());
    CHECK(lab.tree("out") == saved);
}

TEST_CASE("who waits for the reading hears of its end once, before anything is published", "[ckpt]") {
    Lab lab;
    lab.write("small", "one");
    lab.write("large", noise(2, 9'000'000));
    std::uint64_t calls = 0, published = 0;
    const auto captured = [&] {
        ++calls;
        published = lab.backend().list("checkpoints/t").size();
    };
    for (const unsigned jobs : {0U, 3U}) {
        calls = 0;
        const ckpt::SaveReport report = lab.save("t", {.jobs = jobs, .full = true, .captured = captured});
        CHECK(report.sequence == published + 1);
        CHECK(calls == 1);
    }
}

TEST_CASE("who waits for the reading of what cannot be read hears nothing", "[ckpt]") {
    Lab lab;
    std::vector<source::Source> sources(1);
    sources[0].parent = lab.disk().root();
    sources[0].name = "missing";
    Progress progress;
    bool called = false;
    CHECK_THROWS_AS(ckpt::save(sources, lab.store(), {.name = "t", .captured = [&] { called = true; }},
                               lab.disk().clock(), progress),
                    Failure);
    CHECK_FALSE(called);
}

TEST_CASE("an unchanged tree is not read again and stores next to nothing", "[ckpt]") {
    Lab lab;
    for (int i = 0; i < 200; ++i)
        lab.write("d" + std::to_string(i % 7) + "/f" + std::to_string(i), noise(static_cast<std::uint64_t>(i), 3000));
    lab.save("t");
    const ckpt::SaveReport again = lab.save("t");
    CHECK(again.bytes_read == 0);
    CHECK(again.files_unchanged == 200);
    CHECK(again.bytes_stored < 4096);
    CHECK(lab.objects("packs").size() == 1);
}

TEST_CASE("only what changed is read and stored", "[ckpt]") {
    Lab lab;
    for (int i = 0; i < 200; ++i) lab.write("f" + std::to_string(i), noise(static_cast<std::uint64_t>(i), 3000));
    lab.save("t");
    lab.write("f17", noise(1017, 3000));
    lab.write("new", "x");
    lab.remove("f18");
    const Tree saved = lab.tree("data");
    const ckpt::SaveReport second = lab.save("t");
    CHECK(second.bytes_read == 3001);
    CHECK(second.bytes_new < 3001 + 60'000);
    lab.restore("t", "out");
    CHECK(lab.tree("out") == saved);
    CHECK(lab.restore("t@1", "older").totals.files == 200);
}

TEST_CASE("a file stamped in the tick of a save is read again by the next one", "[ckpt]") {
    Lab lab;
    lab.write("f", "aaaa");
    lab.save("before");
    // Same size, and the clock stands still between the save's start and the change: the stamps are equal.
    const std::unique_ptr<io::Dir> data = io::open_dir(lab.root(), "data");
    const std::unique_ptr<io::File> file = data->find_file("f", io::Access::read_write);
    file->write_at(view_of("bbbb"), 0);
    source::Source source;
    source.parent = lab.disk().root();
    source.name = "data";
    std::vector<source::Source> sources{source};
    Progress progress;
    (void)ckpt::save(sources, lab.store(), {.name = "t"}, lab.disk().clock(), progress);
    file->write_at(view_of("cccc"), 0);
    CHECK(lab.save("t").bytes_read == 4);
    lab.restore("t", "out");
    CHECK(lab.tree("out").at("f") == "cccc");
}

TEST_CASE("large content is cut the same however it is read", "[ckpt]") {
    Lab lab;
    const std::string content = noise(5, 11'000'000);
    lab.write("large", content);
    lab.save("t");
    const std::uint64_t before = lab.save("t").bytes_new;
    CHECK(before == 0);
    // The same bytes as a stream, read in other segments: nothing of the content is new.
    CHECK(lab.save_stream("s", content).bytes_new < 20'000);
    CHECK(lab.stream("s") == content);
}

TEST_CASE("content that is inserted near the start does not store the rest again", "[ckpt]") {
    Lab lab;
    const std::string content = noise(6, 12'000'000);
    lab.save_stream("s", content);
    CHECK(lab.save_stream("s", "inserted" + content).bytes_new < 600'000);
}

TEST_CASE("an empty stream is refused unless it is allowed", "[ckpt]") {
    Lab lab;
    CHECK_THROWS_AS(lab.save_stream("s", ""), Failure);
    CHECK(lab.store().sequences("s").empty());
    CHECK(lab.save_stream("s", "", true).sequence == 1);
    CHECK(lab.stream("s").empty());
}

TEST_CASE("sequence numbers are never used again", "[ckpt]") {
    Lab lab;
    lab.write("a", "1");
    lab.save("t");
    lab.save("t");
    ckpt::remove_checkpoint(lab.store(), {"t", 2});
    CHECK(lab.save("t").sequence == 3);
    ckpt::remove_checkpoint(lab.store(), {"t", 1});
    ckpt::remove_checkpoint(lab.store(), {"t", 3});
    CHECK(lab.save("t").sequence == 4);
}

TEST_CASE("equal files are stored once", "[ckpt]") {
    Lab lab;
    const std::string content = noise(7, 2'000'000);
    for (const char* name : {"a", "b", "c", "d"}) lab.write(name, content);
    const ckpt::SaveReport report = lab.save("t");
    CHECK(report.bytes_read == 8'000'000);
    CHECK(report.bytes_new < 2'100'000);
}

TEST_CASE("a thousand saves leave few index objects", "[ckpt]") {
    Lab lab;
    for (int i = 0; i < 40; ++i) {
        lab.write("f", noise(static_cast<std::uint64_t>(i), 100));
        lab.save("t");
    }
    CHECK(lab.objects("index").size() <= 9);
    CHECK(lab.verify().damaged_count == 0);
}

}  // namespace ft::test
