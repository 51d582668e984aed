// A replica of which some blocks are the fuzzer's, sealed as they should be: it is read and written on, or refused.
//
// The input: pieces of a byte for the block (in the order of `targets`, the top bit for its first copy only), a byte
// for the generation, two for the length, and the payload.
#include "libcore/counter/replica_file.h"

#include <algorithm>

#include "libcore/counter/ledger.h"
#include "libcore/sim/disk.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

using namespace counter;

const Header& header() {
    static const Header all = [] {
        Header header{.identity = {.counter = {}, .keys = 100, .created = {}}, .replica = {}};
        header.replica.bytes.fill(std::byte{7});
        return header;
    }();
    return all;
}

const sim::Image& sound() {
    static const sim::Image image = [] {
        State state;
        state.version = {{1, 0}, 1};
        state.head.keyed = 230;
        for (std::uint64_t n = 0; n < 230; ++n) state.window.entries.push_back({.key = {n, n}, .amount = 1});
        state.annex.charter.members = {{header().replica, "jobs"}};
        sim::SimDisk disk;
        ReplicaFile::write_new(*disk.root()->create_file("r", 0644), header(), {1, 0}, state);
        return disk.image();
    }();
    return image;
}

/// Puts the pieces of the input into the file; the last few blocks of it stay.
void put_pieces(io::File& file, View input) {
    const Layout layout(header().identity.keys);
    const std::uint64_t targets[] = {Layout::slot(0, 0), Layout::slot(1, 0), Layout::annex(0, 0), Layout::annex(1, 0),
                                     layout.keys(0, 0),  layout.keys(1, 0),  layout.keys(2, 0),   Layout::header(0)};
    while (input.size() >= 4) {
        const auto byte = [&](std::size_t i) { return std::to_integer<std::uint64_t>(input[i]); };
        const std::uint64_t first = targets[byte(0) % std::size(targets)], generation = byte(1);
        const bool both = byte(0) < 128;
        const std::size_t length = std::min({byte(2) + 256 * byte(3), input.size() - 4, block_payload});
        for (std::uint64_t copy = 0; copy < (both ? 2U : 1U); ++copy) {
            Block block;
            const std::uint64_t number = first + copy;
            seal(input.subspan(4, length), generation, {number, number < 2 ? 0 : header().salt()}, block);
            file.write_at(block.bytes, number * block_size);
        }
        input = input.subspan(4 + length);
    }
}

void open_and_write(io::File& file) {
    ReplicaFile replica(file);
    const KeyWindow window = replica.window();
    check(window.first + window.entries.size() == replica.tail().head.keyed, "the window ends with the last key");
    Ledger ledger(replica.tail().version, replica.tail().head, replica.annex(), replica.header().identity.keys);
    ledger.give_window(window);
    for (std::uint64_t i = 0; i < 150; ++i)
        (void)ledger.apply({.kind = Operation::Kind::add, .amount = 1, .key = KeyId{i, 99}});
    (void)ledger.apply({.kind = Operation::Kind::commit, .id = "t"});
    if (!ledger.has_changed()) return;
    Version next = ledger.version();
    ++next.sequence;
    replica.commit(ledger.take_change(next, 1));
    check(ReplicaFile(file).tail().head == ledger.head(), "what was committed is found again");
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ft;
    sim::SimDisk disk(fuzz::sound(), 1);
    const auto file = io::open_file(*disk.root(), "r", io::Access::direct);
    fuzz::put_pieces(*file, fuzz::view_of_input(data, size));
    fuzz::accepts([&] { fuzz::open_and_write(*file); });
    return 0;
}
