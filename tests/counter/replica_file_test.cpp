// Goal: one replica on a disk keeps its newest commit, finds it again, heals one damaged copy, and never serves
// another. Method: the simulated disk, one damage at a time. Power cuts: tests/sim/replica_cut_test.cpp.
#include "libcore/counter/replica_file.h"

#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"

namespace ft::counter {

namespace {

using Found = Opened::Found;

/// A replica "r" on a disk of its own, closed between commits.
struct Scene {
    explicit Scene(const State& from, std::uint32_t keys = 4096) : keys_kept(keys), ledger(ledger_of(from, keys)) {
        const std::unique_ptr<io::File> file = disk.root()->create_file("r", 0644);
        ReplicaFile::write_new(*file, header(keys), {1, 0}, from);
    }
    std::unique_ptr<io::File> file() { return io::open_file(*disk.root(), "r", io::Access::direct); }
    void commit() {
        const auto opened = file();
        ReplicaFile(*opened).commit(next_change(ledger));
    }
    void add_keyed(std::uint64_t count) {
        for (; count > 0; --count) (void)ledger.apply(add(1, ledger.head().keyed));
    }
    /// What a reader of it sees; "" where that is the ledger's state, else what differs.
    std::string difference() {
        const auto opened = file();
        ReplicaFile replica(*opened);
        if (replica.tail().version != ledger.version()) return "version";
        if (replica.tail().head != ledger.head()) return "head";
        if (replica.annex() != ledger.annex()) return "annex";
        const KeyWindow window = replica.window();
        if (window.first + window.entries.size() != ledger.head().keyed) return "end of the window";
        Window read(window, keys_kept), known(ledger.state().window, keys_kept);
        const std::uint64_t kept = std::min<std::uint64_t>(keys_kept, ledger.head().keyed);
        for (std::uint64_t n = ledger.head().keyed - kept; n < ledger.head().keyed; ++n)
            if (read.find(key(n)) == nullptr || *read.find(key(n)) != *known.find(key(n))) return "keys";
        return "";
    }
    std::string damage() {
        return damage_of([&] { return difference(); });
    }
    void zero_blocks(std::uint64_t first, std::uint64_t count = 1) {
        disk.zero("r", first * block_size, count * block_size);
    }
    void flip(std::uint64_t block) { disk.flip_bit("r", block * block_size + 100, 3); }
    Bytes content() {
        const auto opened = io::open_file(*disk.root(), "r");
        return io::read_whole(*opened, 1U << 26);
    }

    sim::SimDisk disk;
    std::uint32_t keys_kept;
    Ledger ledger;
};

Opened copy(Found found, std::uint64_t generation) { return {.found = found, .generation = generation}; }

}  // namespace

TEST_CASE("the newest whole slot is chosen unless a newer one may have been acknowledged", "[counter]") {
    const Opened w8 = copy(Found::whole, 8), w9 = copy(Found::whole, 9), t9 = copy(Found::torn, 9);
    const Opened r0 = copy(Found::rotten, 0), r8 = copy(Found::rotten, 8), r9 = copy(Found::rotten, 9);
    const Opened w7 = copy(Found::whole, 7);
    struct Case {
        SlotCopies found;
        std::optional<SlotChoice> choice;
    };
    const std::vector<Case> table{
        {{{{w8, w8}, {w9, w9}}}, SlotChoice{1, 0, {}}},
        {{{{w9, w9}, {w8, w8}}}, SlotChoice{0, 0, {}}},
        {{{{w8, w8}, {w9, r9}}}, SlotChoice{1, 0, 1}},  // rotten: from its mirror
        {{{{w8, w8}, {r9, w9}}}, SlotChoice{1, 1, 0}},
        {{{{w8, w8}, {r0, w9}}}, SlotChoice{1, 1, 0}},
        {{{{w8, w8}, {w9, w7}}}, SlotChoice{1, 0, 1}},  // the second copy was not yet written
        {{{{w8, w8}, {w9, t9}}}, SlotChoice{1, 0, 1}},
        {{{{w8, w8}, {t9, w7}}}, SlotChoice{0, 0, {}}},  // torn: never ended
        {{{{w8, w8}, {t9, t9}}}, SlotChoice{0, 0, {}}},
        {{{{w8, r8}, {t9, t9}}}, SlotChoice{0, 0, 1}},
        {{{{w8, w8}, {t9, r9}}}, SlotChoice{0, 0, {}}},  // one copy torn: the other can only have rotted later
        {{{{w8, w8}, {r9, w7}}}, SlotChoice{0, 0, {}}},
        {{{{w8, w8}, {r9, r9}}}, {}},  // may have been acknowledged
        {{{{w8, w8}, {r0, r9}}}, {}},
        {{{{w8, w8}, {r0, r0}}}, {}},  // may be the newest
        {{{{r0, r0}, {w9, w9}}}, {}},
        {{{{r8, r8}, {w9, w9}}}, SlotChoice{1, 0, {}}},  // known to be older
        {{{{r8, r8}, {t9, t9}}}, {}},
        {{{{w9, w9}, {w9, w9}}}, {}},  // cannot be
    };
    for (std::size_t i = 0; i < table.size(); ++i) {
        INFO("line " << i);
        CHECK(choose_slot(table[i].found) == table[i].choice);
    }
    CHECK(choose_slot({{{w8, w8}, {w9, w9}}}, 1) == SlotChoice{0, 0, {}});
    CHECK(choose_slot({{{w8, r8}, {w9, w9}}}, 1) == SlotChoice{0, 0, 1});
    CHECK(choose_slot({{{r8, r8}, {w9, w9}}}, 1) == std::nullopt);
}

TEST_CASE("a new replica holds the state that it was made with", "[counter]") {
    for (const std::uint64_t keyed : {0U, 1U, 111U, 112U, 113U, 5000U}) {
        Scene scene(state(keyed, 3), 300);
        CHECK(scene.difference() == "");
        const auto file = scene.file();
        ReplicaFile replica(*file);
        CHECK(replica.header().replica == header().replica);
        CHECK(replica.header().identity.counter == header().identity.counter);
        CHECK(replica.header().identity.keys == 300);
        CHECK(replica.tail().promise == Ballot{1, 0});
        CHECK(replica.window().entries.size() < 300 + 3 * keys_per_block);
    }
}

TEST_CASE("every commit is found again: plain, keyed, with another annex, a promise", "[counter]") {
    Scene scene(zero(), 200);
    for (std::uint64_t round = 0; round < 60; ++round) {
        (void)scene.ledger.apply(add(static_cast<std::int64_t>(round)));
        if (round % 3 == 0) scene.add_keyed(round * round % 500);
        if (round % 5 == 0) (void)scene.ledger.apply(on(Operation::Kind::reserve, std::to_string(round), 1));
        if (round % 10 == 5) (void)scene.ledger.apply(on(Operation::Kind::commit, std::to_string(round - 5)));
        scene.commit();
        REQUIRE(scene.difference() == "");
        const auto file = scene.file();
        ReplicaFile replica(*file);
        replica.promise({round + 1, round});
        CHECK(replica.tail().promise == Ballot{round + 1, round});
        REQUIRE(scene.difference() == "");
        CHECK(ReplicaFile(*file).tail().promise == Ballot{round + 1, round});
    }
}

TEST_CASE("the largest commits go round the ring", "[counter]") {
    Scene scene(zero(), 100);
    for (int round = 0; round < 12; ++round) {
        scene.add_keyed(most_operations - static_cast<std::uint64_t>(round));
        scene.commit();
        REQUIRE(scene.difference() == "");
    }
}

TEST_CASE("an annex of any size comes back", "[counter]") {
    Scene scene(zero());
    for (const std::size_t locator : {0UL, 1024UL})
        for (std::size_t members = 1; members <= most_members; members += 7) {
            Charter charter{.epoch = members, .threshold = 3};
            for (unsigned i = 0; i < members; ++i) charter.members.push_back({uuid(i), std::string(locator, 'x')});
            charter.former = charter.members;
            scene.ledger.set_charter(charter);
            scene.commit();
            REQUIRE(scene.difference() == "");
        }
}

TEST_CASE("a plain commit is one durable write and nothing else", "[counter]") {
    Scene scene(zero());
    const auto file = scene.file();
    ReplicaFile replica(*file);
    (void)scene.ledger.apply(add(1));
    const std::uint64_t before = scene.disk.steps();
    replica.commit(next_change(scene.ledger));
    CHECK(scene.disk.steps() - before == 2);  // the simulated disk counts the write and its sync
    (void)scene.ledger.apply(add(1, 0));
    replica.commit(next_change(scene.ledger));
    CHECK(scene.disk.steps() - before == 4);
}

TEST_CASE("one damaged copy of any part is healed from its mirror", "[counter]") {
    const auto check_healed = [](std::uint64_t block, bool zeroed) {
        Scene scene(state(500, 3));
        scene.commit();
        scene.add_keyed(200);
        scene.commit();
        const Bytes whole = scene.content();
        if (zeroed)
            scene.zero_blocks(block);
        else
            scene.flip(block);
        CHECK(scene.difference() == "");
        CHECK((scene.content() == whole));
    };
    const Layout layout(4096);
    const std::uint64_t newest = Layout::slot(1, 0);  // after two commits
    for (const std::uint64_t first :
         {Layout::header(0), newest, Layout::annex(0, 0), layout.keys(0, 0), layout.keys(4, 0), layout.keys(5, 0)})
        for (const std::uint64_t copy : {0, 1})
            for (const bool zeroed : {false, true}) {
                const std::uint64_t block = first + copy;
                INFO("block " << block << (zeroed ? " zeroed" : " flipped"));
                check_healed(block, zeroed);
            }
}

TEST_CASE("a block that the disk cannot read is healed like a rotten one, but a dead disk is no damage", "[counter]") {
    Scene scene(state(500, 3));
    // The reading of all six at once fails, and then that of one of them: its copy is taken.
    for (std::uint64_t block = 0; block < 6; ++block) {
        scene.disk.fail({.call = sim::Call::read, .path = "r", .error = EIO});
        scene.disk.fail({.call = sim::Call::read, .path = "r", .skip = block, .error = EIO});
        INFO("block " << block);
        const std::string found = damage_of([&] { return scene.difference(); });
        CHECK(found == "");
        scene.disk.clear_faults();
    }
    scene.disk.fail({.call = sim::Call::read, .path = "r", .times = UINT64_MAX, .error = EIO});
    CHECK(scene.damage().starts_with("not damage"));
}

TEST_CASE("where both copies are damaged it is damage and never another state", "[counter]") {
    const auto damaged = [](std::uint64_t first, std::uint64_t second) {
        Scene scene(state(500, 3));
        scene.commit();
        scene.add_keyed(200);
        scene.commit();
        scene.flip(first);
        scene.flip(second);
        return scene.damage();
    };
    const Layout layout(4096);
    CHECK(damaged(0, 1) == "both copies of its header are damaged, or it is no replica");
    CHECK(damaged(Layout::slot(1, 0), Layout::slot(1, 1)) == "its newest commit is damaged");
    CHECK(damaged(Layout::annex(0, 0), Layout::annex(0, 1)) == "both copies of its list of members are damaged");
    CHECK(damaged(layout.keys(5, 0), layout.keys(5, 1)) == "both copies of a block of its keys are damaged");
    CHECK(damaged(layout.keys(1, 0), layout.keys(1, 1)) == "both copies of a block of its keys are damaged");
    CHECK(damaged(Layout::slot(0, 0), Layout::slot(0, 1)).empty());  // the older commit
    CHECK(damaged(layout.keys(30, 0), layout.keys(30, 1)).empty());  // not in use
}

TEST_CASE("an older slot without one sound sector is damage: it may have been the newest", "[counter]") {
    Scene scene(zero());
    scene.zero_blocks(Layout::slot(0, 0), 2);
    CHECK(scene.damage() == "its newest commit is damaged");
}

TEST_CASE("a file of another size, of another kind, or with the blocks of another replica is refused", "[counter]") {
    Scene scene(zero());
    const std::uint64_t size = scene.disk.size_of("r");
    scene.disk.truncate("r", size - block_size);
    CHECK(scene.damage() == "its size is not what its header says");
    scene.disk.truncate("r", 3 * block_size);
    CHECK(scene.damage() == "it is cut short");
    scene.disk.truncate("r", 0);
    CHECK(scene.damage() == "it is cut short");
    scene.disk.root()->create_file("text", 0644)->write_at(view_of(std::string(100'000, 'x')), 0);
    const auto text = io::open_file(*scene.disk.root(), "text", io::Access::direct);
    CHECK(damage_of([&] { return ReplicaFile(*text).tail().head.value; }) ==
          "both copies of its header are damaged, or it is no replica");

    Scene mixed(zero());
    Header other = header();
    other.replica = uuid(200);
    ReplicaFile::write_new(*mixed.disk.root()->create_file("other", 0644), other, {1, 0}, zero());
    mixed.disk.misdirect({"other", Layout::slot(1, 0) * block_size}, {"r", Layout::slot(1, 0) * block_size},
                         2 * block_size);
    CHECK(mixed.damage() == "its newest commit is damaged");
    mixed.disk.misdirect({"other", 0}, {"r", 0}, block_size);
    CHECK(mixed.damage() == "the copies of its header differ");
}

TEST_CASE("a replica whose disk has failed is not written again", "[counter]") {
    for (const sim::Call call : {sim::Call::write, sim::Call::sync}) {
        Scene scene(zero());
        const auto file = scene.file();
        ReplicaFile replica(*file);
        scene.disk.fail({.call = call, .path = "r", .error = EIO});
        (void)scene.ledger.apply(add(1));
        const State before = scene.ledger.state();
        CHECK_THROWS_AS(replica.commit(next_change(scene.ledger)), Failure);
        const std::uint64_t steps = scene.disk.steps();
        CHECK(replica.is_dead());
        CHECK(scene.disk.steps() == steps);
    }
}

}  // namespace ft::counter
