// Goal: of a header nothing is believed that was not written; words that change are old or new, and never damaged
// unseen.
#include "libcore/shm/layout.h"

#include <memory>
#include <thread>

#include "libcore/base/failure.h"
#include "tests/catch.h"

namespace ft::shm {

namespace {

Header sample() {
    Header header{.shape = {.kind = Kind::exact, .start = -5, .min = -10, .max = 1'000'000, .keys = 100}};
    header.shape.flush = {.period = std::chrono::milliseconds(100), .path = "/var/lib/hits"};
    header.counter.bytes[3] = std::byte{7};
    header.incarnation = 0x1234'5678'9abc'def0;
    header.created = {.s = 1'795'000'000, .ns = 5};
    header.base = {.ballot = {.number = 2, .proposer = 3}, .sequence = 4};
    header.first_key = 9;
    header.boot = "c4a9d1f0-0000-0000-0000-000000000001";
    header.inode = 77;
    return header;
}

Exit exit_of(View block) {
    try {
        (void)decode_header(block, "/x");
    } catch (const Failure& failure) {
        return failure.exit();
    }
    return Exit::done;
}

}  // namespace

TEST_CASE("a header comes back as it was written") {
    const Header there = sample(), back = decode_header(encode(there), "/x");
    CHECK(back.shape.kind == there.shape.kind);
    CHECK(back.shape.start == -5);
    CHECK(back.shape.min == -10);
    CHECK(back.shape.max == 1'000'000);
    CHECK(back.shape.keys == 100);
    CHECK(back.shape.flush == there.shape.flush);
    CHECK(back.counter == there.counter);
    CHECK(back.incarnation == there.incarnation);
    CHECK(back.created == there.created);
    CHECK(back.base == there.base);
    CHECK(back.first_key == 9);
    CHECK(back.boot == there.boot);
    CHECK(back.inode == 77);
}

TEST_CASE("a header of which any bit is turned, or that is cut short, is damage") {
    Bytes block = encode(sample());
    for (std::size_t bit = 0; bit < 8 * block.size(); ++bit) {
        const auto mask = static_cast<std::byte>(1U << (bit % 8));
        block[bit / 8] ^= mask;
        if (exit_of(block) != Exit::damage) FAIL("bit " << bit);
        block[bit / 8] ^= mask;
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{7}, block.size() - 1})
        CHECK(exit_of(View(block).first(size)) == Exit::damage);
    CHECK(exit_of(block) == Exit::done);
}

TEST_CASE("words are there at once, and a turned bit in them is seen") {
    auto flip = std::make_unique<Flip<2>>();
    flip->begin({1, 2});
    flip->commit(flip->look().seen, {3, 4});
    CHECK(flip->look().found == Flip<2>::Look::Found::whole);
    CHECK(flip->look().seen.words == Flip<2>::Words{3, 4});
    CHECK(flip->look().seen.commits() == 1);

    auto* words = reinterpret_cast<Word*>(flip.get());
    const std::size_t slot = 1 + 3;  // of commit 1: behind the index and the other slot
    for (const std::size_t word : {std::size_t{0}, slot, slot + 1, slot + 2})
        for (unsigned bit = 0; bit < 64; ++bit) {
            words[word] ^= std::uint64_t{1} << bit;
            if (flip->look().found != Flip<2>::Look::Found::damaged) FAIL("word " << word << ", bit " << bit);
            words[word] ^= std::uint64_t{1} << bit;
        }
    CHECK(flip->look().found == Flip<2>::Look::Found::whole);
}

TEST_CASE("who reads words while they change sees one commit, never parts of two") {
    auto flip = std::make_unique<Flip<3>>();
    flip->begin({0, 0, 0});
    std::atomic<bool> ended{false};
    std::thread writer([&] {
        for (std::uint64_t i = 1; i <= 200'000; ++i) flip->commit(flip->look().seen, {i, 2 * i, 3 * i});
        ended = true;
    });
    std::uint64_t last = 0, wrong = 0;
    do {
        const auto look = flip->look();
        if (look.found == Flip<3>::Look::Found::moving) continue;
        const auto& words = look.seen.words;
        if (look.found != Flip<3>::Look::Found::whole || words[1] != 2 * words[0] || words[2] != 3 * words[0] ||
            words[0] < last)
            ++wrong;
        last = words[0];
    } while (!ended);
    writer.join();
    CHECK(wrong == 0);
    CHECK(flip->look().seen.words[0] == 200'000);
}

}  // namespace ft::shm
