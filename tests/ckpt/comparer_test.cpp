// Goal: what is compared at once is found equal exactly where each piece alone would be.
// Method: files of data and holes, right and wrong, too short and too full, in all orders.

#include "libcore/ckpt/comparer.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/ckpt/lab.h"

namespace ft::test {
namespace {

constexpr std::uint32_t chunk_bytes = 8192;

source::Run chunk(std::uint64_t seed) {
    return {.digest = digest_of(view_of(noise(seed, chunk_bytes))), .length = chunk_bytes};
}

/// A file of chunks, 0: a hole.
std::unique_ptr<io::File> make(Lab& lab, const std::string& name, const std::vector<std::uint64_t>& seeds) {
    std::unique_ptr<io::File> file = lab.root().create_file(name, 0600);
    file->set_size(seeds.size() * chunk_bytes);
    for (std::size_t i = 0; i < seeds.size(); ++i)
        if (seeds[i] != 0) file->write_at(view_of(noise(seeds[i], chunk_bytes)), i * chunk_bytes);
    return file;
}

}  // namespace

TEST_CASE("files compared at once differ where they differ and nowhere else", "[ckpt]") {
    Lab lab;
    const std::vector<source::Run> wanted{chunk(1), chunk(2), {.hole = chunk_bytes}, chunk(3)};
    struct Case {
        std::vector<std::uint64_t> seeds;  // what stands there
        std::vector<bool> equal;
    };
    const std::vector<Case> cases{
        {{1, 2, 0, 3}, {true, true, true, true}},   {{1, 9, 0, 3}, {true, false, true, true}},
        {{1, 2, 9, 3}, {true, true, false, true}},  {{0, 2, 0, 3}, {false, true, true, true}},
        {{1, 2, 0}, {true, true, true, false}},     {{1}, {true, false, true, false}},
        {{}, {false, false, true, false}},          {{2, 1, 0, 9}, {false, false, true, false}},
        {{0, 0, 0, 0}, {false, false, true, false}}};
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < cases.size(); ++i) order.push_back(i);
    ckpt::Comparer comparer;
    for (std::size_t turn = 0; turn < cases.size(); ++turn) {
        std::vector<std::unique_ptr<io::File>> files;
        std::vector<ckpt::Expected> pieces;
        std::vector<bool> equal;
        for (const std::size_t i : order) {
            files.push_back(make(lab, std::to_string(turn) + "-" + std::to_string(i), cases[i].seeds));
            ckpt::append_expected(pieces, *files.back(), 0, wanted);
            equal.insert(equal.end(), cases[i].equal.begin(), cases[i].equal.end());
        }
        CHECK(comparer.are_equal(pieces) == equal);
        std::rotate(order.begin(), order.begin() + 1, order.end());
    }
}

}  // namespace ft::test
