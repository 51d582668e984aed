#include "tests/sim/replica_history.h"

#include <algorithm>
#include <optional>

#include "libcore/base/failure.h"
#include "libcore/counter/ledger.h"
#include "libcore/counter/replica_file.h"
#include "libcore/sim/chance.h"
#include "libcore/sim/cuts.h"

namespace ft::sim {

namespace {

using counter::Ledger;
using counter::Operation;
using counter::ReplicaFile;

constexpr std::uint32_t keys = 150;

Uuid uuid(unsigned first) {
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<std::byte>(first + i);
    return uuid;
}

const counter::Header header{.identity = {.counter = uuid(1), .keys = keys, .created = {}}, .replica = uuid(50)};

/// All that a replica promises to keep.
struct Kept {
    counter::Ballot promise;
    counter::State state;  ///< the window: what is remembered, and no more
};

Ledger ledger_of(const counter::State& state) {
    Ledger ledger(state.version, state.head, state.annex, keys);
    ledger.give_window(state.window);
    return ledger;
}

/// The keys that are remembered.
counter::KeyWindow trimmed(const counter::KeyWindow& window) {
    const std::size_t size = std::min<std::size_t>(keys, window.entries.size());
    return {.first = window.first + window.entries.size() - size,
            .entries = {window.entries.end() - static_cast<std::ptrdiff_t>(size), window.entries.end()}};
}

counter::State remembered(const Ledger& ledger) {
    counter::State state = ledger.state();
    state.window = trimmed(state.window);
    return state;
}

/// A disk with a replica that has done so many keyed operations, everything durable.
struct Start {
    Image image;
    Kept kept;
};

Start start_after(std::uint64_t keyed) {
    Start start;
    counter::State& state = start.kept.state;
    state.version = {{1, 0}, 1};
    state.annex.charter.members = {{header.replica, "r"}};
    state.head.keyed = keyed;
    for (std::uint64_t n = 0; n < keyed; ++n) state.window.entries.push_back({.key = {n, 7}, .amount = 1});
    start.kept.promise = {1, 0};
    start.image = prepared([&](SimDisk& disk) {
        const auto file = disk.root()->create_file("r", 0644);
        ReplicaFile::write_new(*file, header, start.kept.promise, state);
    });
    state.window = trimmed(state.window);
    return start;
}

const Start& start_of(Chance& chance) {
    // New; about to fill its first key block; about to go round the ring of 41; far round it.
    static const std::vector<Start> starts{start_after(0), start_after(100), start_after(40 * 112 - 5),
                                           start_after(100 * 112 + 60)};
    return starts[chance.below(starts.size())];
}

class Life {
public:
    Life(std::uint64_t seed, Mistake mistake) : Life(seed, mistake, Chance(mix(seed, 1))) {}
    Lived run();

private:
    Life(std::uint64_t seed, Mistake mistake, Chance chance)
        : chance_(chance),
          mistake_(mistake),
          start_(start_of(chance_)),
          disk_(start_.image, seed),
          kept_(start_.kept) {}

    void session();
    void last_session();
    void plan_end();
    void rot();
    [[nodiscard]] std::uint64_t newest_copy();
    void open_and_write();
    void check_head(const ReplicaFile& replica);
    void check_keys(ReplicaFile& replica);
    void commit(ReplicaFile& replica, Ledger& ledger);
    void promise(ReplicaFile& replica, const Ledger& ledger);
    void change(Ledger& ledger);
    void change_annex(Ledger& ledger);
    void add_keyed(Ledger& ledger, std::uint64_t count);
    void complain(const std::string& why) {
        if (complaint_.empty()) complaint_ = why + " in session " + std::to_string(process_);
    }

    Chance chance_;
    Mistake mistake_;
    const Start& start_;
    SimDisk disk_;
    Kept kept_;                      ///< acknowledged, or found by an opening
    std::optional<Kept> under_way_;  ///< may be in
    ProcessId process_ = 0;
    std::uint64_t next_key_ = 0, next_id_ = 0;
    bool opening_ = false;
    std::string complaint_;
    Befell befell_;
};

Lived Life::run() {
    const std::uint64_t sessions = 2 + chance_.below(4), rotten = 1 + chance_.below(sessions + 1);
    for (std::uint64_t i = 0; i < sessions && complaint_.empty(); ++i) {
        if (i == rotten) rot();
        session();
    }
    if (complaint_.empty()) {
        disk_.power_cut(chance_.next());
        if (rotten == sessions) rot();
        last_session();
    }
    return {complaint_, befell_};
}

void Life::plan_end() {
    const std::uint64_t kind = chance_.below(20), step = chance_.below(chance_.one_in(3) ? 6 : 40);
    const When when = static_cast<When>(chance_.below(3));
    if (kind < 11)
        disk_.cut_at(disk_.steps() + step, when);
    else if (kind < 15)
        disk_.kill_at(process_, step, when);
    else if (kind < 18)
        disk_.fail({.call = chance_.one_in(2) ? Call::sync : Call::write,
                    .path = "r",
                    .skip = chance_.below(6),
                    .error = EIO,
                    .bytes = chance_.below(17) * 512});
}

void Life::session() {
    ++process_;
    plan_end();
    try {
        open_and_write();
    } catch (const PowerCut&) {
        ++befell_.cuts;
        if (opening_) ++befell_.cuts_in_opening;
        disk_.power_cut(chance_.next());
    } catch (const Killed&) {
        ++befell_.kills;
    } catch (const Failure& failure) {
        ++befell_.failures;
        if (failure.exit() == Exit::damage) complain(failure.what());
    }
    disk_.clear_faults();
    disk_.cut_at(UINT64_MAX);
    if (chance_.one_in(4)) disk_.power_cut(chance_.next());
}

/// Undisturbed.
void Life::last_session() {
    ++process_;
    try {
        open_and_write();
    } catch (const Failure& failure) {
        complain(failure.what());
    }
}

void Life::open_and_write() {
    opening_ = true;
    const std::unique_ptr<io::Dir> root = disk_.root(process_);
    const std::unique_ptr<MistakenFile> file = open_with(mistake_, *root, "r", header);
    ReplicaFile replica(*file);
    check_head(replica);
    check_keys(replica);
    file->opened();
    opening_ = false;
    if (!complaint_.empty()) return;
    Ledger ledger = ledger_of(kept_.state);
    for (std::uint64_t left = chance_.one_in(3) ? 0 : chance_.below(6); left > 0; --left) commit(replica, ledger);
}

void Life::check_head(const ReplicaFile& replica) {
    const auto is = [&](const Kept& kept) {
        return replica.tail().promise == kept.promise && replica.tail().version == kept.state.version &&
               replica.tail().head == kept.state.head && replica.annex() == kept.state.annex;
    };
    if (under_way_ && is(*under_way_)) {
        ++befell_.kept;
        kept_ = std::move(*under_way_);
    } else if (!is(kept_)) {
        complain("another state than the one that was acknowledged, value " +
                 std::to_string(replica.tail().head.value));
    } else if (under_way_) {
        ++befell_.undone;
    }
    under_way_.reset();
}

void Life::check_keys(ReplicaFile& replica) {
    if (complaint_.empty() && trimmed(replica.window()) != kept_.state.window) complain("other keys");
}

void Life::commit(ReplicaFile& replica, Ledger& ledger) {
    if (chance_.one_in(12)) return promise(replica, ledger);
    change(ledger);
    if (!ledger.has_changed()) return;
    counter::Version next = ledger.version();
    ++next.sequence;
    const counter::Change made = ledger.take_change(next, chance_.next());
    under_way_ = Kept{kept_.promise, remembered(ledger)};
    replica.commit(made);
    kept_ = std::move(*under_way_);
    under_way_.reset();
}

void Life::promise(ReplicaFile& replica, const Ledger& ledger) {
    under_way_ = Kept{{kept_.promise.number + 1, chance_.below(3)}, remembered(ledger)};
    replica.promise(under_way_->promise);
    kept_ = std::move(*under_way_);
    under_way_.reset();
}

void Life::change(Ledger& ledger) {
    const std::uint64_t kind = chance_.below(100);
    (void)ledger.apply({.kind = Operation::Kind::add, .amount = static_cast<std::int64_t>(chance_.below(9)) - 3});
    if (kind < 30) return;
    if (kind < 50) return add_keyed(ledger, 1 + chance_.below(3));
    if (kind < 70) return add_keyed(ledger, 50 + chance_.below(300));
    if (kind < 71) return add_keyed(ledger, counter::most_operations - chance_.below(100));
    change_annex(ledger);
    if (kind > 95) add_keyed(ledger, 60 + chance_.below(60));
}

void Life::add_keyed(Ledger& ledger, std::uint64_t count) {
    for (; count > 0; --count)
        (void)ledger.apply({.kind = Operation::Kind::add,
                            .amount = static_cast<std::int64_t>(chance_.below(5)),
                            .key = counter::KeyId{++next_key_, disk_.seed()}});
}

void Life::change_annex(Ledger& ledger) {
    const auto apply = [&](Operation::Kind kind, const std::string& id) {
        (void)ledger.apply({.kind = kind, .amount = 2, .id = id});
    };
    if (chance_.one_in(4)) {
        counter::Charter charter = ledger.annex().charter;
        ++charter.epoch;
        charter.members.resize(1);
        for (std::uint64_t more = chance_.below(counter::most_members); more > 0; --more)
            charter.members.push_back({uuid(200), std::string(chance_.below(counter::longest_locator), 'x')});
        ledger.set_charter(charter);
    }
    apply(Operation::Kind::reserve, std::to_string(++next_id_));
    const std::string earlier = std::to_string(1 + chance_.below(next_id_));
    apply(chance_.one_in(2) ? Operation::Kind::commit : Operation::Kind::abort, earlier);
    if (chance_.one_in(2)) apply(Operation::Kind::forget, earlier);
}

/// The block that a reader would take for the newest commit.
std::uint64_t Life::newest_copy() {
    const auto file = io::open_file(*disk_.root(++process_), "r", io::Access::direct);
    std::vector<counter::Block> blocks(6);
    file->read_at(std::as_writable_bytes(std::span(blocks)), 0);
    std::uint64_t newest = 2, generation = 0;
    for (std::uint64_t block = 2; block < 6; ++block) {
        const counter::Opened opened = counter::open(blocks[block], {block, header.salt()});
        if (opened.found != counter::Opened::Found::whole || opened.generation <= generation) continue;
        newest = block;
        generation = opened.generation;
    }
    return newest;
}

/// One block, sector or bit, mostly where something lies.
void Life::rot() {
    ++befell_.rots;
    const counter::Layout layout(keys);
    const std::uint64_t newest = kept_.state.head.keyed / counter::keys_per_block + chance_.below(2);
    const std::uint64_t blocks[] = {
        chance_.below(2),
        2 + chance_.below(4),
        newest_copy(),
        newest_copy(),
        newest_copy(),
        counter::Layout::annex(static_cast<unsigned>(chance_.below(2)), 0) + chance_.below(4),
        layout.keys(newest == 0 ? 0 : newest - 1, static_cast<unsigned>(chance_.below(2))),
        chance_.below(layout.blocks())};
    const std::uint64_t at = blocks[chance_.below(std::size(blocks))] * counter::block_size;
    const std::uint64_t sector = at + chance_.below(8) * 512;
    const std::uint64_t from = chance_.below(layout.blocks()) * counter::block_size;
    switch (chance_.below(5)) {
        case 0:
            return disk_.flip_bit("r", at + chance_.below(counter::block_size),
                                  static_cast<unsigned>(chance_.below(8)));
        case 1:
            return disk_.zero("r", at, counter::block_size);
        case 2:
            return disk_.zero("r", sector, 512);
        case 3:
            return disk_.misdirect({"r", from}, {"r", at}, counter::block_size);
        default:
            return disk_.misdirect({"r", from + chance_.below(8) * 512}, {"r", sector}, 512);
    }
}

}  // namespace

Lived live(std::uint64_t seed, Mistake mistake) { return Life(seed, mistake).run(); }

}  // namespace ft::sim
