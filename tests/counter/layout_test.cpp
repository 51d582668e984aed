// Goal: each part of a replica decodes to what was encoded, and nothing else is accepted; no two parts share a block.
#include "libcore/counter/layout.h"

#include <set>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"

namespace ft::counter {

namespace {

Tail tail() {
    const State from = state(2 * keys_per_block + 3);
    return {.replica = uuid(100),
            .counter = uuid(1),
            .promise = {8, 9},
            .version = from.version,
            .head = from.head,
            .annex = {.place = 1, .generation = 6, .size = 70, .checksum = 77},
            .first_key_block = 1,
            .newest_keys = 99,
            .sealed = 1,
            .pending = {entry(0), entry(1), entry(2)}};
}

/// Every truncation and every appended byte is refused.
template <class Decode>
void needs_exactly(const Bytes& bytes, std::size_t fixed, Decode decode) {
    for (std::size_t size = 0; size < fixed; ++size)
        CHECK(damage_of([&] { return decode(View(bytes).first(size)); }) != "");
    Bytes longer = bytes;
    longer.push_back(std::byte{1});
    CHECK(damage_of([&] { return decode(longer); }) != "");
}

}  // namespace

TEST_CASE("no two parts of a replica share a block, and all of it is used", "[counter]") {
    for (const std::uint32_t keys : {0U, 1U, 111U, 112U, 4096U, most_keys}) {
        const Layout layout(keys);
        std::multiset<std::uint64_t> used;
        for (const unsigned copy : {0U, 1U}) {
            used.insert(Layout::header(copy));
            for (const unsigned which : {0U, 1U}) {
                used.insert(Layout::slot(which, copy));
                for (std::uint64_t i = 0; i < annex_blocks; ++i) used.insert(Layout::annex(which, copy, i));
            }
            for (std::uint64_t n = 1000; n < 1000 + layout.key_positions; ++n) used.insert(layout.keys(n, copy));
        }
        CHECK(used.size() == layout.blocks());
        CHECK(std::set(used.begin(), used.end()).size() == layout.blocks());
        CHECK(*used.rbegin() == layout.blocks() - 1);
        CHECK(Layout::kept_key_blocks(keys) * keys_per_block >= keys + keys_per_block);
    }
}

TEST_CASE("the key blocks of the largest commit lie beside all that are kept", "[counter]") {
    CHECK((keys_per_block - 1 + most_operations) / keys_per_block == most_sealed);
    const Layout layout(4096);
    const std::uint64_t kept = Layout::kept_key_blocks(4096);
    std::set<std::uint64_t> places;
    for (std::uint64_t n = 500 - kept; n < 500 + most_sealed; ++n) places.insert(layout.keys(n, 0));
    CHECK(places.size() == kept + most_sealed);
}

TEST_CASE("a header is read as it was written, and refused where anything is strange", "[counter]") {
    const Bytes bytes = encode(header(777));
    const Header read = decode_header(bytes, "");
    CHECK(read.replica == uuid(100));
    CHECK(read.identity.counter == uuid(1));
    CHECK(read.identity.keys == 777);
    CHECK(read.identity.created.s == 1'800'000'000);
    CHECK(read.identity.created.ns == 5);
    needs_exactly(bytes, 62, [](View v) { return decode_header(v, ""); });
    const auto with = [&](std::size_t at, unsigned value) {
        Bytes changed = bytes;
        changed[at] = static_cast<std::byte>(value);
        return damage_of([&] { return decode_header(changed, ""); });
    };
    CHECK(with(0, 'F') == "not a replica of a counter");
    CHECK(with(8, 2) == "format version 2, this program knows 1; use a newer ftcounter");
    CHECK(with(10, 1) == "it needs features that this program does not have; use a newer ftcounter");
    CHECK(with(48, 9) == "more keys than any counter remembers");
    CHECK(with(3000, 9) == "bytes that mean nothing to this version");
    CHECK(with(62, 1) == "bytes that mean nothing to this version");
}

TEST_CASE("a tail is read as it was written, and refused where it cannot be", "[counter]") {
    const Tail written = tail();
    const Bytes bytes = encode(written);
    const Tail read = decode_tail(bytes, "");
    CHECK(read.replica == written.replica);
    CHECK(read.counter == written.counter);
    CHECK(read.promise == written.promise);
    CHECK(read.version == written.version);
    CHECK(read.head == written.head);
    CHECK(read.annex == written.annex);
    CHECK(read.first_key_block == 1);
    CHECK(read.newest_keys == 99);
    CHECK(read.sealed == 1);
    CHECK(read.pending == written.pending);
    needs_exactly(bytes, bytes.size(), [](View v) { return decode_tail(v, ""); });

    const auto refusal = [&](auto change) {
        Tail broken = tail();
        change(broken);
        return damage_of([&] { return decode_tail(encode(broken), ""); });
    };
    CHECK(refusal([](Tail& t) { t.annex.place = 2; }) == "an annex that cannot be");
    CHECK(refusal([](Tail& t) { t.annex.size = most_annex_bytes + 1; }) == "an annex that cannot be");
    CHECK(refusal([](Tail& t) { t.first_key_block = 3; }) == "key blocks that cannot be");
    CHECK(refusal([](Tail& t) { t.sealed = 2; }) == "key blocks that cannot be");
    CHECK(refusal([](Tail& t) { t.head.min = 3000; }) == "bounds that exclude everything");
    CHECK(refusal([](Tail& t) { t.pending.pop_back(); }) != "");
    CHECK(refusal([](Tail& t) { t.pending.push_back(entry(3)); }) == "bytes that mean nothing to this version");
}

TEST_CASE("the largest tail fits its block", "[counter]") {
    Tail full = tail();
    full.head.keyed = keys_per_block - 1;
    full.first_key_block = full.sealed = 0;
    full.pending = window(0, keys_per_block - 1).entries;
    const Bytes bytes = encode(full);
    CHECK(bytes.size() <= block_payload);
    CHECK(decode_tail(bytes, "").pending == full.pending);
}

TEST_CASE("a key block is read as it was written", "[counter]") {
    const KeyBlock written{.replica = uuid(3), .number = 4, .before = 5, .entries = window(0, keys_per_block).entries};
    const Bytes bytes = encode(written);
    const KeyBlock read = decode_keys(bytes, "");
    CHECK(read.replica == written.replica);
    CHECK(read.number == 4);
    CHECK(read.before == 5);
    CHECK(read.entries == written.entries);
    needs_exactly(bytes, 32 + 32 * keys_per_block, [](View v) { return decode_keys(v, ""); });
}

TEST_CASE("an annex is read as it was written, and refused where it cannot be", "[counter]") {
    Annex written = annex(20);
    written.charter.members.push_back({uuid(9), "pipe:ssh host ftcounter agent /data/jobs"});
    written.charter.former = {{uuid(8), ""}};
    const Bytes bytes = encode(written);
    CHECK(decode_annex(bytes, "") == written);
    needs_exactly(bytes, bytes.size(), [](View v) { return decode_annex(v, ""); });
    const auto refusal = [&](auto change) {
        Annex broken = annex(3);
        change(broken);
        return damage_of([&] { return decode_annex(encode(broken), ""); });
    };
    CHECK(refusal([](Annex& a) { a.charter.members.clear(); }) == "a counter without members");
    CHECK(refusal([](Annex& a) { a.charter.members.resize(most_members + 1); }) != "");
    CHECK(refusal([](Annex& a) { a.charter.members[0].locator.resize(longest_locator + 1); }) != "");
    CHECK(refusal([](Annex& a) { a.reservations.resize(most_reservations + 1); }) != "");
    CHECK(refusal([](Annex& a) { a.reservations[0].id.resize(longest_reservation_id + 1); }) != "");
    CHECK(refusal([](Annex& a) { a.reservations[0].phase = Reservation::Phase{4}; }) == "a reservation in no phase");
}

}  // namespace ft::counter
