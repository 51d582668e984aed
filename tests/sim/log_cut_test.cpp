// Goal: a log loses nothing that was acknowledged and serves nothing that was not written, in the order in which it
// was, whatever the power, a kill or a failing disk does to it; what rots in it is damage, or is told as torn where
// nobody can tell.
// Method: lives of a log (log_history.h), with and without a planted mistake; every cut of its making; every byte.
#include "libcore/base/failure.h"
#include "libcore/wal/scan.h"
#include "tests/catch.h"
#include "tests/sim/log_history.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using Records = std::vector<wal::Record>;
using wal::Block;

const Uuid owner{};

/// The mistake is found, and the same life without it is without complaint.
void check_found(LogMistake mistake) {
    constexpr std::uint64_t seeds = 20'000;
    std::uint64_t seed = 1;
    while (seed < seeds && live_log(seed, mistake).complaint.empty()) ++seed;
    INFO("found after " << seed << " lives");
    REQUIRE(seed < seeds);
    CHECK(live_log(seed).complaint == "");
}

wal::Record record(std::uint8_t type, std::size_t size) { return {type, Bytes(size, std::byte{type})}; }

/// A log of five batches, one of them of several blocks, and what it holds.
struct Sample {
    Records records;
    std::uint64_t last = 0;  ///< block where the last batch begins
    std::uint64_t end = 0;   ///< and where it ends
    std::vector<Block> blocks;
};

Sample sample() {
    SimDisk disk;
    const auto root = disk.root();
    Sample sample{.records = {record(1, 10)}, .last = 0, .end = 0, .blocks = {}};
    const auto log = wal::Log::create(*root, "log", disk.clock(), owner, sample.records, 16'384);
    for (const auto& next : {record(2, 0), record(3, 9000), record(4, 600), record(5, 5000)}) {
        sample.last = log->size() / wal::block_size;
        log->append(next);
        log->sync();
        sample.records.push_back(next);
    }
    sample.end = log->size() / wal::block_size;
    sample.blocks = wal::read_blocks(log->file());
    REQUIRE(sample.blocks.size() > sample.end);
    return sample;
}

enum class Read { right, damaged, last_torn, wrong };
Read read_of(const std::vector<Block>& blocks, const Sample& sample) {
    try {
        const wal::Scan found = wal::scan(blocks, "log", owner);
        if (found.why) return Read::damaged;
        if (found.records == sample.records) return Read::right;
        const Records before(sample.records.begin(), sample.records.end() - 1);
        return found.records == before ? Read::last_torn : Read::wrong;
    } catch (const Failure& failure) {
        return failure.exit() == Exit::damage ? Read::damaged : Read::wrong;
    }
}

}  // namespace

TEST_CASE("a log keeps what was acknowledged, in order and without gaps, over cuts, kills and failures", "[wal][sim]") {
    LogBefell all;
    for_every_seed(20'000, [&](std::uint64_t seed) {
        const LogLived lived = live_log(seed);
        CHECK(lived.complaint == "");
        all.cuts += lived.befell.cuts;
        all.kills += lived.befell.kills;
        all.failures += lived.befell.failures;
        all.kept += lived.befell.kept;
        all.undone += lived.befell.undone;
        all.torn += lived.befell.torn;
        all.unmade += lived.befell.unmade;
        all.grown += lived.befell.grown;
    });
    if (seed_count(20'000) < 1000) return;
    for (const std::uint64_t each :
         {all.cuts, all.kills, all.failures, all.kept, all.undone, all.torn, all.unmade, all.grown})
        CHECK(each > 100);
}

TEST_CASE("an append that is not synced is found", "[wal][sim]") { check_found(LogMistake::append_not_synced); }
TEST_CASE("an opening that does not sync what it found is found", "[wal][sim]") {
    check_found(LogMistake::opening_not_synced);
}
TEST_CASE("a torn end that is not cleaned is found", "[wal][sim]") { check_found(LogMistake::torn_end_not_cleaned); }
TEST_CASE("a growth that is not synced is found", "[wal][sim]") { check_found(LogMistake::growth_not_synced); }
TEST_CASE("a growth that is told before it is made is found", "[wal][sim]") {
    check_found(LogMistake::growth_told_first);
}
TEST_CASE("a batch after one that was written and not synced is found", "[wal][sim]") {
    check_found(LogMistake::write_not_settled);
}
TEST_CASE("a log that is read from a cache after a failed sync is found", "[wal][sim]") {
    check_found(LogMistake::read_from_cache);
}
TEST_CASE("a failed sync of a log that is tried again and trusted is found", "[wal][sim]") {
    check_found(LogMistake::failed_sync_tried_again);
}
TEST_CASE("a log that is named before it is durable is found", "[wal][sim]") {
    check_found(LogMistake::making_not_synced);
}
TEST_CASE("a log whose name is not durable is found", "[wal][sim]") { check_found(LogMistake::name_not_synced); }

TEST_CASE("a log that is found before its name is durable, and trusted, is found", "[wal][sim]") {
    check_found(LogMistake::found_name_not_synced);
}

TEST_CASE("a log cut in its making is not there or whole", "[wal][sim]") {
    const Records first{record(1, 10), record(2, 20'000)};
    for (const bool unnamed : {true, false}) {
        const auto make = [&](SimDisk& disk) {
            disk.abilities.unnamed = unnamed;
            REQUIRE(wal::Log::create(*disk.root(), "log", disk.clock(), owner, first, 9000));
            disk.acknowledge("made");
        };
        const auto check = [&](Rebooted& disk) {
            const auto root = disk.root();
            const auto log = wal::Log::find(*root, "log", owner);
            CHECK((log || disk.acknowledged().empty()));
            if (!log) return;
            CHECK(log->try_lock());
            CHECK(log->found() == first);
        };
        const CutCount count = for_every_told_cut(make, check, {.start = {}, .seed = 3, .survivals = 50});
        CHECK(count.steps >= 6);
    }
}

TEST_CASE("a log whose cutting short is cut is as it was, or shorter and sound", "[wal][sim]") {
    const Image damaged = prepared([](SimDisk& disk) {
        const auto root = disk.root();
        const auto log = wal::Log::create(*root, "log", disk.clock(), owner, std::vector{record(1, 10)}, 8192);
        for (const auto& next : {record(2, 9000), record(3, 9), record(4, 9)}) {
            log->append(next);
            log->sync();
        }
        disk.flip_bit("log", 3 * 4096 + 700, 2);
    });
    const auto shorten = [](SimDisk& disk) {
        wal::cut_short(*disk.root(), "log", owner);
        disk.acknowledge("cut short");
    };
    const auto check = [&](Rebooted& disk) {
        const wal::Reading reading = *wal::read(*disk.root(), "log", owner);
        CHECK(reading.records == Records{record(1, 10)});
        CHECK((!reading.damaged || disk.acknowledged().empty()));
        shorten(disk);
        CHECK_FALSE(wal::read(*disk.root(), "log", owner)->damaged);
    };
    (void)for_every_told_cut(shorten, check, {.start = damaged, .seed = 3, .survivals = 50});
}

TEST_CASE("every flipped bit of a log is damage, or leaves it right", "[wal][sim]") {
    Sample log = sample();
    std::uint64_t damaged = 0;
    for (std::size_t at = 0; at < log.blocks.size() * wal::block_size; ++at) {
        std::byte& byte = log.blocks[at / wal::block_size].bytes[at % wal::block_size];
        const std::byte sound = byte;
        byte ^= std::byte{1} << (at % 8);
        const Read read = read_of(log.blocks, log);
        byte = sound;
        if (read == Read::damaged) ++damaged;
        if (read == Read::damaged || (read == Read::right && at < wal::block_size)) continue;
        FAIL_CHECK("byte " << at);
    }
    CHECK(damaged == (log.blocks.size() - 1) * wal::block_size);
}

TEST_CASE("every zeroed sector or block of a log is damage, but for the last batch, which is then torn", "[wal][sim]") {
    const Sample log = sample();
    for (std::size_t n = 0; n < log.blocks.size(); ++n) {
        for (std::size_t i = 0; i <= wal::sectors_per_block; ++i) {
            std::vector<Block> blocks = log.blocks;
            if (i == wal::sectors_per_block)
                blocks[n] = Block{};
            else
                std::ranges::fill(blocks[n].sector(i), std::byte{0});
            const bool is_copy = n == 0 && i < wal::sectors_per_block, is_empty = n >= log.end;
            INFO("block " << n << ", sector " << i);
            CHECK(read_of(blocks, log) == (is_copy || is_empty ? Read::right
                                           : n >= log.last     ? Read::last_torn
                                                               : Read::damaged));
        }
    }
}

TEST_CASE("every misdirected block or sector of a log is damage, or what a zeroed one is", "[wal][sim]") {
    const Sample log = sample();
    std::uint64_t damaged = 0;
    const auto check = [&](const std::vector<Block>& blocks, std::size_t from, std::size_t to) {
        const Read read = read_of(blocks, log);
        INFO("block " << from << " written to block " << to);
        if (read == Read::damaged) ++damaged;
        if (from == to) CHECK(read == Read::right);
        CHECK(read != Read::wrong);
        if (read == Read::last_torn) CHECK((from >= log.end && to >= log.last));
    };
    for (std::size_t from = 0; from < log.blocks.size(); ++from)
        for (std::size_t to = 0; to < log.blocks.size(); ++to) {
            std::vector<Block> blocks = log.blocks;
            blocks[to] = blocks[from];
            check(blocks, from, to);
            blocks = log.blocks;
            std::ranges::copy(blocks[from].sector(3), blocks[to].sector(3).begin());
            check(blocks, from, to);
        }
    CHECK(damaged > log.blocks.size() * log.blocks.size());
}

}  // namespace ft::sim
