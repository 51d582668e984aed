// Goal: what commit() returned for is durable; threads that commit at once share a flush; a failed flush is told to
// each of them. Method: threads on the simulated disk, whose calls are counted; a disk that waits for them at its first
// write, so that what goes together is known.
#include "libcore/wal/group.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/io/posix.h"
#include "libcore/sim/disk.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"
#include "tests/sim/forwarding.h"

namespace ft::wal {

namespace {

using Records = std::vector<Record>;
const Uuid owner{};

/// Counts its durable writes; before the first one it calls `before`.
struct Writes {
    std::atomic<std::uint64_t> count = 0;
    std::function<void()> before;
};

class CountedFile final : public sim::Forwarding<io::File> {
public:
    CountedFile(std::unique_ptr<io::File> inner, Writes& writes) : Forwarding(std::move(inner)), writes_(writes) {}
    void write_durably(std::span<const io::Piece> pieces) override {
        if (writes_.count++ == 0 && writes_.before) writes_.before();
        inner_->write_durably(pieces);
    }

private:
    Writes& writes_;
};

class CountedDir final : public sim::ForwardingDir {
public:
    CountedDir(std::unique_ptr<io::Dir> inner, Writes& writes) : ForwardingDir(std::move(inner)), writes_(writes) {}
    std::unique_ptr<io::File> find_file(const std::string& name, io::Access access) override {
        return std::make_unique<CountedFile>(inner_->find_file(name, access), writes_);
    }

private:
    Writes& writes_;
};

/// A log with room for all, and who commits to it.
class Scene {
public:
    sim::SimDisk disk;
    Writes writes;
    CountedDir dir{disk.root(), writes};
    std::unique_ptr<Log> log = Log::create(dir, "log", disk.clock(), owner, {}, longest_record);
    GroupLog group{*log};

    /// What is there after a power cut.
    Records left() {
        disk.power_cut(0);
        return read(*disk.root(), "log", owner)->records;
    }
};

Record record(unsigned thread, unsigned number) {
    return {static_cast<std::uint8_t>(thread), Bytes(1 + number % 50, static_cast<std::byte>(number))};
}

/// Those of one thread, in the order of the log.
Records of(unsigned thread, const Records& all) {
    Records found;
    std::ranges::copy_if(all, std::back_inserter(found), [&](const Record& r) { return r.type == thread; });
    return found;
}

bool fails(const std::function<void()>& act) {
    try {
        act();
    } catch (const Failure&) {
        return true;
    }
    return false;
}

}  // namespace

TEST_CASE("what many threads have committed is durable, each thread's in its order") {
    Scene scene;
    constexpr unsigned threads = 8, each = 60;
    parallel_for(threads, threads, [&](std::size_t thread) {
        for (unsigned i = 0; i < each; ++i) {
            if (i % 7 == 0) scene.group.append(record(static_cast<unsigned>(thread), 1000 + i));
            scene.group.commit({record(static_cast<unsigned>(thread), i), record(static_cast<unsigned>(thread), i)});
        }
    });
    const std::uint64_t flushes = scene.writes.count;
    const Records all = scene.left();
    for (unsigned thread = 0; thread < threads; ++thread) {
        Records expected;
        for (unsigned i = 0; i < each; ++i) {
            if (i % 7 == 0) expected.push_back(record(thread, 1000 + i));
            expected.insert(expected.end(), 2, record(thread, i));
        }
        CHECK(of(thread, all) == expected);
    }
    CHECK(flushes <= threads * each);
}

TEST_CASE("all that commit during a flush share the next one") {
    Scene scene;
    constexpr unsigned threads = 16;
    scene.writes.before = [&] {
        while (scene.group.waiting() < threads - 1) std::this_thread::yield();
    };
    parallel_for(threads, threads,
                 [&](std::size_t thread) { scene.group.commit({record(static_cast<unsigned>(thread), 0)}); });
    CHECK(scene.writes.count == 2);
    CHECK(scene.left().size() == threads);
}

TEST_CASE("one that commits alone makes one flush each time, and one that only appends makes none") {
    Scene scene;
    for (unsigned i = 0; i < 10; ++i) {
        const std::uint64_t flush = scene.group.append(record(1, i));
        CHECK_FALSE(scene.group.is_durable(flush));
        scene.group.commit({record(2, i)});
        CHECK(scene.group.is_durable(flush));
    }
    CHECK(scene.writes.count == 10);
    const std::uint64_t last = scene.group.append(record(1, 10));
    CHECK(scene.group.waiting() == 1);
    scene.group.write();
    CHECK(scene.writes.count == 10);
    CHECK_FALSE(scene.group.is_durable(last));
    scene.group.commit({});
    CHECK(scene.group.is_durable(last));
    CHECK(read(scene.dir, "log", owner)->records.size() == 21);
}

TEST_CASE("a failed flush is told to all that waited for it, and to all that come later") {
    Scene scene;
    constexpr unsigned threads = 8;
    scene.writes.before = [&] {
        while (scene.group.waiting() < threads - 1) std::this_thread::yield();
        scene.disk.fail({.call = sim::Call::sync, .path = "log", .skip = 1});  // the second flush
    };
    std::atomic<unsigned> failed = 0;
    parallel_for(threads, threads, [&](std::size_t thread) {
        if (fails([&] { scene.group.commit({record(static_cast<unsigned>(thread), 0)}); })) ++failed;
    });
    CHECK(failed == threads - 1);
    CHECK(fails([&] { scene.group.commit({record(0, 1)}); }));
    CHECK(fails([&] { scene.group.write(); }));
}

TEST_CASE("who reads a log without a lock while it is written sees a prefix of it, never damage") {
    const ScratchFolder scratch;
    const auto dir = io::open_root(scratch.path());
    SystemClock clock;
    const auto log = Log::create(*dir, "log", clock, owner, {}, 0);
    std::atomic<bool> ended = false;
    std::uint64_t readings = 0, damaged = 0, wrong = 0;
    parallel_for(2, 2, [&](std::size_t task) {
        if (task == 0) {
            for (unsigned i = 0; i < 400; ++i) {
                log->append({1, Bytes(1 + i * 37 % 9000, static_cast<std::byte>(i))});
                log->sync();
            }
            ended = true;
        } else {
            while (!ended) {
                const Reading reading = *read(*dir, "log", owner);
                ++readings;
                if (reading.damaged) ++damaged;
                for (unsigned i = 0; i < reading.records.size(); ++i)
                    if (reading.records[i].body != Bytes(1 + i * 37 % 9000, static_cast<std::byte>(i))) ++wrong;
            }
        }
    });
    CHECK(damaged == 0);
    CHECK(wrong == 0);
    CHECK(readings > 0);
}

}  // namespace ft::wal
