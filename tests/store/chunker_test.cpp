// Goal: cuts depend on the content around them and on nothing else: not on segments, threads, the machine's vector
// unit, or what stands far before. Method: compare with a reference that is written straight from the definition, on
// random, repetitive and edited content.
#include <algorithm>
#include <numeric>
#include <random>

#include "libcore/store/chunker.h"
#include "tests/catch.h"

using namespace ft;
using namespace ft::store;

namespace {

constexpr ChunkSizes small_sizes = {.min = 256, .normal = 1024, .max = 4096};

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

/// Words from a small list: repeats itself as text does.
Bytes text_like_bytes(std::size_t size, std::uint64_t seed) {
    constexpr std::string_view words[] = {"chunk ", "of ", "the ", "content\n", "a ", "0000000000000000", "\t", "unit"};
    std::mt19937_64 random(seed);
    Bytes bytes;
    while (bytes.size() < size) {
        const View word = view_of(words[random() % std::size(words)]);
        bytes.insert(bytes.end(), word.begin(), word.end());
    }
    bytes.resize(size);
    return bytes;
}

std::vector<Bytes> contents() {
    std::vector<Bytes> all = {
        {}, Bytes(1), Bytes(200'000), random_bytes(4095, 1), random_bytes(300'001, 2), text_like_bytes(250'013, 3)};
    Bytes mixed = random_bytes(100'000, 4);
    mixed.insert(mixed.end(), 50'000, std::byte{0});
    const Bytes more = random_bytes(100'000, 5);
    mixed.insert(mixed.end(), more.begin(), more.end());
    all.push_back(std::move(mixed));
    return all;
}

/// splitmix64, number n of the sequence that chunker.cpp documents.
std::uint64_t gear_of(std::byte byte) {
    std::uint64_t z = 0x6674206765617201 + (std::to_integer<std::uint64_t>(byte) + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

/// The hash of position `end`, summed up anew as the definition says.
std::uint64_t reference_hash(View content, std::size_t end) {
    std::uint64_t hash = 0;
    for (std::size_t j = 0; j < gear_window && j < end; ++j) hash += gear_of(content[end - 1 - j]) << j;
    return hash;
}

bool same(const Candidate& a, const Candidate& b) { return a.end == b.end && a.strong == b.strong; }

bool equal(const std::vector<Candidate>& a, const std::vector<Candidate>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

std::vector<Candidate> reference_candidates(View content, int normal_bits) {
    std::vector<Candidate> found;
    for (std::size_t end = 1; end <= content.size(); ++end) {
        const std::uint64_t hash = reference_hash(content, end);
        if (hash >> (64 - (normal_bits - 2)) == 0)
            found.push_back({static_cast<std::uint32_t>(end), hash >> (64 - (normal_bits + 2)) == 0});
    }
    return found;
}

std::vector<std::uint32_t> reference_lengths(View content, const ChunkSizes& sizes, int normal_bits) {
    std::vector<std::uint32_t> lengths;
    std::size_t start = 0;
    for (std::size_t end = 1; end <= content.size(); ++end) {
        const std::size_t length = end - start;
        const int bits = length < sizes.normal ? normal_bits + 2 : normal_bits - 2;
        const bool candidate = length >= sizes.min && reference_hash(content, end) >> (64 - bits) == 0;
        if (!candidate && length < sizes.max && end < content.size()) continue;
        lengths.push_back(static_cast<std::uint32_t>(length));
        start = end;
    }
    return lengths;
}

/// Candidates of the content cut into segments of random sizes up to `largest`, each scanned alone.
std::vector<Candidate> candidates_by_segments(View content, const ChunkSizes& sizes, std::size_t largest,
                                              std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Candidate> all;
    for (std::size_t at = 0; at < content.size();) {
        const std::size_t size = std::min<std::size_t>(1 + random() % largest, content.size() - at);
        const View before = content.first(at).last(std::min(at, gear_window));
        for (Candidate c : find_candidates(content.subspan(at, size), before, sizes)) {
            c.end += static_cast<std::uint32_t>(at);
            all.push_back(c);
        }
        at += size;
    }
    return all;
}

std::vector<std::size_t> ends_of(const std::vector<std::uint32_t>& lengths) {
    std::vector<std::size_t> ends;
    std::size_t end = 0;
    for (const std::uint32_t length : lengths) ends.push_back(end += length);
    return ends;
}

}  // namespace

TEST_CASE("candidates are those of the definition", "[chunker]") {
    for (const Bytes& content : contents())
        CHECK(equal(find_candidates(content, {}, small_sizes), reference_candidates(content, 10)));
}

TEST_CASE("candidates of any segmentation are those of one pass", "[chunker]") {
    for (const Bytes& content : contents()) {
        const auto whole = find_candidates(content, {}, small_sizes);
        for (const std::size_t largest : {3UL, 70UL, 1000UL, 5000UL, 60'000UL})
            CHECK(equal(candidates_by_segments(content, small_sizes, largest, largest), whole));
    }
}

TEST_CASE("candidates are ascending and strong ones exist at the expected rate", "[chunker]") {
    const auto found = find_candidates(random_bytes(8 << 20, 6), {}, small_sizes);
    CHECK(std::is_sorted(found.begin(), found.end(), [](auto a, auto b) { return a.end < b.end; }));
    const auto strong = std::count_if(found.begin(), found.end(), [](auto c) { return c.strong; });
    CHECK(found.size() > (8 << 20) / 256 * 0.95);
    CHECK(found.size() < (8 << 20) / 256 * 1.05);
    CHECK(strong > (8 << 20) / 4096 * 0.85);
    CHECK(strong < (8 << 20) / 4096 * 1.15);
}

TEST_CASE("chunk lengths are those of the definition", "[chunker]") {
    for (const Bytes& content : contents())
        CHECK(chunk_lengths(content, small_sizes) == reference_lengths(content, small_sizes, 10));
    const Bytes content = random_bytes(2'000'000, 7);
    CHECK(chunk_lengths(content, {}) == reference_lengths(content, {}, 16));
}

TEST_CASE("all chunks but the last keep within min and max and cover the content", "[chunker]") {
    for (const Bytes& content : contents()) {
        const auto lengths = chunk_lengths(content, small_sizes);
        CHECK(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}) == content.size());
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            CHECK(lengths[i] <= small_sizes.max);
            CHECK((i + 1 == lengths.size() || lengths[i] >= small_sizes.min));
        }
    }
}

TEST_CASE("content of several stretches is cut as in one", "[chunker]") {
    const Bytes content = random_bytes(70 << 20, 8);
    const auto lengths = chunk_lengths(content, {});
    const auto candidates = find_candidates(content, {}, {});
    std::uint64_t start = 0;
    for (const std::uint32_t length : lengths) {
        CHECK(next_cut(start, content.size(), true, candidates, 0, {}) == start + length);
        start += length;
    }
    CHECK(start == content.size());
}

TEST_CASE("a run of one byte is cut at the largest size", "[chunker]") {
    for (unsigned value = 0; value < 256; ++value) {
        const auto lengths = chunk_lengths(Bytes((1 << 20) + 5, static_cast<std::byte>(value)), {});
        REQUIRE(lengths.size() == 5);  // its first 64 positions, where the hash is still growing, are below min
        CHECK(lengths.front() == ChunkSizes{}.max);
        CHECK(lengths.back() == 5);
    }
}

TEST_CASE("after an edit the cuts are the former ones within a few chunks", "[chunker]") {
    const Bytes content = random_bytes(4 << 20, 9);
    const auto before = ends_of(chunk_lengths(content, small_sizes));
    for (const std::size_t at : {0UL, 1UL, 1'000'003UL, 3'000'000UL}) {
        for (const std::size_t added : {1UL, 7UL, 4096UL, 100'000UL}) {
            Bytes edited = content;
            const Bytes insertion = random_bytes(added, at + added);
            edited.insert(edited.begin() + static_cast<std::ptrdiff_t>(at), insertion.begin(), insertion.end());
            auto after = ends_of(chunk_lengths(edited, small_sizes));
            std::erase_if(after, [&](std::size_t end) { return end <= at + added; });
            for (std::size_t& end : after) end -= added;
            // From the first common cut on all are common; and it comes soon.
            const auto common = std::find_first_of(after.begin(), after.end(), before.begin(), before.end());
            REQUIRE(common != after.end());
            CHECK(common - after.begin() <= 20);
            const auto from = std::lower_bound(before.begin(), before.end(), *common);
            CHECK(std::equal(common, after.end(), from, before.end()));
        }
    }
}

TEST_CASE("next_cut waits until it knows enough", "[chunker]") {
    const std::vector<Candidate> candidates = {{100, true}, {300, false}, {900, false}, {1500, false}, {9000, true}};
    const auto cut = [&](std::uint64_t start, std::uint64_t known, bool at_end) {
        return next_cut(start, known, at_end, candidates, 0, small_sizes);
    };
    CHECK(cut(0, 1000, false) == std::nullopt);  // 300 and 900 are weak and below normal
    CHECK(cut(0, 1000, true) == 1000);
    CHECK(cut(0, 1500, false) == 1500);
    CHECK(cut(0, 1499, false) == std::nullopt);  // a candidate beyond what is known does not count
    CHECK(cut(1500, 1500 + 4095, false) == std::nullopt);
    CHECK(cut(1500, 1500 + 4096, false) == 1500 + 4096);
    CHECK(cut(8000, 9500, false) == 9000);          // strong: below normal is enough
    CHECK(cut(8900, 9500, false) == std::nullopt);  // but not below min
    CHECK(cut(9500, 9500, true) == 9500);
    CHECK(next_cut(1'008'000, 1'009'500, false, candidates, 1'000'000, small_sizes) == 1'009'000);
}
