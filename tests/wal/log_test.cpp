// Goal: a log keeps what it was given, in order, for who finds it later, and says what is wrong with it otherwise.
// Method: logs on the simulated disk, undisturbed or damaged in one known way. Power cuts: tests/sim/log_cut_test.cpp.
#include "libcore/wal/log.h"

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "libcore/sim/disk.h"
#include "libcore/wal/layout.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"

namespace ft::wal {

namespace {

constexpr std::uint64_t room = 64 << 10;

Uuid uuid(unsigned first) {
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<std::byte>(first + i);
    return uuid;
}
const Uuid owner = uuid(1);

Record record(std::uint8_t type, std::string_view body) { return {type, {view_of(body).begin(), view_of(body).end()}}; }
Record long_record(std::size_t size) { return {9, Bytes(size, std::byte{'x'})}; }

class Scene {
public:
    std::unique_ptr<Log> create(std::vector<Record> first, std::uint64_t bytes = room) {
        return Log::create(*root, "log", disk.clock(), owner, std::move(first), bytes);
    }
    std::unique_ptr<Log> find() { return Log::find(*root, "log", owner); }
    std::unique_ptr<Log> locked() {
        std::unique_ptr<Log> log = find();
        REQUIRE(log);
        REQUIRE(log->try_lock());
        return log;
    }
    std::vector<Record> records() { return locked()->found(); }
    Reading reading() {
        std::optional<Reading> reading = read(*root, "log", owner);
        REQUIRE(reading);
        return *reading;
    }

    sim::SimDisk disk;
    std::unique_ptr<io::Dir> root = disk.root();
};

using Records = std::vector<Record>;
const Record a = record(1, "a"), b = record(2, ""), c = record(200, std::string(5000, 'c'));

template <class Act>
std::string refusal_of(Act act) {
    try {
        act();
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "nothing";
}

}  // namespace

TEST_CASE("a log is found with what it was made with and what was appended, in order") {
    Scene scene;
    {
        const auto log = scene.create({a, b});
        CHECK(log->found() == Records{a, b});
        log->append(c);
        log->append(a);
        log->sync();
        log->append(b);
        log->write();
        log->append(a);  // is lost: neither written nor synced
    }
    CHECK(scene.records() == Records{a, b, c, a, b});
    scene.disk.power_cut(1);
    scene.root = scene.disk.root();
    CHECK(scene.records() == Records{a, b, c, a, b});
}

TEST_CASE("a log that is found is appended to, also by one after the other") {
    Scene scene;
    Records all;
    REQUIRE(scene.create({}));
    for (std::uint8_t i = 0; i < 30; ++i) {
        const auto log = scene.locked();
        CHECK(log->found() == all);
        all.push_back({i, Bytes(i * 400U, std::byte{i})});
        log->append(all.back());
        log->sync();
    }
    CHECK(scene.records() == all);
}

TEST_CASE("a log grows where its room is used up, by long records too") {
    Scene scene;
    Records all{a};
    {
        const auto log = scene.create({a}, 0);
        const std::uint64_t before = scene.disk.size_of("log");
        for (const std::size_t size : {0UL, 10UL, 4000UL, 70'000UL, 3UL << 20, 1UL, longest_record}) {
            all.push_back(long_record(size));
            log->append(all.back());
            log->sync();
        }
        CHECK(scene.disk.size_of("log") > before + longest_record);
        CHECK(log->size() <= scene.disk.size_of("log"));
    }
    CHECK(scene.records() == all);
}

TEST_CASE("an append within the room is one durable write and does not change the file's size") {
    Scene scene;
    const auto log = scene.create({a});
    const std::uint64_t size = scene.disk.size_of("log");
    for (int i = 0; i < 16; ++i) {
        const std::uint64_t before = scene.disk.steps();
        log->append(a);
        log->sync();
        CHECK(scene.disk.steps() == before + 2);  // the simulation counts the write and its sync
    }
    CHECK(scene.disk.size_of("log") == size);
    const std::uint64_t before = scene.disk.steps();
    log->sync();
    CHECK(scene.disk.steps() == before);
}

TEST_CASE("a name that is taken is not made again, a missing one not found") {
    Scene scene;
    CHECK(scene.find() == nullptr);
    CHECK_FALSE(read(*scene.root, "log", owner));
    CHECK(scene.create({a}) != nullptr);
    CHECK(scene.create({b}) == nullptr);
    CHECK(scene.records() == Records{a});
    CHECK(scene.root->list().size() == 1);
}

TEST_CASE("a log is made as well where files cannot be without a name") {
    Scene scene;
    scene.disk.abilities.unnamed = false;
    CHECK(scene.create({a}) != nullptr);
    CHECK(scene.create({b}) == nullptr);
    CHECK(scene.records() == Records{a});
    CHECK(scene.root->list().size() == 1);
}

TEST_CASE("a log is locked by who has made or found it, until it goes") {
    Scene scene;
    auto made = scene.create({a});
    const auto other = scene.find();
    CHECK_FALSE(other->try_lock());
    made->append(b);
    made->sync();
    CHECK(scene.reading().records == Records{a, b});
    made.reset();
    CHECK(other->try_lock());
    CHECK(other->found() == Records{a, b});
    CHECK_FALSE(scene.find()->try_lock());
}

TEST_CASE("a log of another folder is refused") {
    Scene scene;
    REQUIRE(scene.create({a}));
    CHECK(refusal_of([&] { (void)Log::find(*scene.root, "log", uuid(7)); }).find("another folder") !=
          std::string::npos);
}

TEST_CASE("a record that is too long is refused before anything is written") {
    Scene scene;
    const auto log = scene.create({a});
    CHECK(refusal_of([&] { log->append(long_record(longest_record + 1)); }).find("16 MiB") != std::string::npos);
    log->append(b);
    log->sync();
    CHECK(scene.reading().records == Records{a, b});
}

TEST_CASE("after a failed write a log is dead, and what it holds is seen by who finds it") {
    for (const sim::Call call : {sim::Call::write, sim::Call::sync}) {
        Scene scene;
        auto log = scene.create({a});
        scene.disk.fail({.call = call, .path = "log"});
        log->append(b);
        CHECK(refusal_of([&] { log->sync(); }).find("rror") != std::string::npos);
        log->append(c);
        CHECK(refusal_of([&] { log->sync(); }).find("earlier write") != std::string::npos);
        CHECK(refusal_of([&] { log->write(); }).find("earlier write") != std::string::npos);
        log.reset();
        const Records found = scene.records();
        CHECK((found == Records{a} || found == Records{a, b}));
    }
}

TEST_CASE("a torn end is told, cleaned by the next append, and never shines through") {
    Scene scene;
    auto log = scene.create({a});
    const std::uint64_t end = log->size();
    log->append(c);
    log->sync();
    log.reset();
    scene.disk.zero("log", end, 512);  // as if the first sector of a cut append were missing
    CHECK(scene.reading().torn);
    CHECK_FALSE(scene.reading().damaged);
    log = scene.locked();
    CHECK(log->found() == Records{a});
    log->append(b);
    log->sync();
    CHECK_FALSE(scene.reading().torn);
    CHECK(scene.reading().records == Records{a, b});
}

TEST_CASE("a damaged log is refused, shown as far as it can be read, and cut short on demand") {
    Scene scene;
    auto log = scene.create({a});
    const std::uint64_t second = log->size();
    for (const Record& next : {b, c, a}) {
        log->append(next);
        log->sync();
    }
    log.reset();
    scene.disk.zero("log", second, 4096);  // a batch that was acknowledged is gone
    CHECK(refusal_of([&] { (void)scene.find()->try_lock(); }).find("batch 2 at byte 8192 is lost or damaged") !=
          std::string::npos);
    const Reading reading = scene.reading();
    CHECK(reading.records == Records{a});
    CHECK(reading.damaged);
    CHECK(reading.beyond == Records{c, a});
    CHECK(reading.end == second);
    cut_short(*scene.root, "log", owner);
    CHECK(scene.records() == Records{a});
    CHECK(scene.disk.state().settled());
    scene.locked()->append(b);
}

TEST_CASE("a log whose file was cut is damaged, wherever that was") {
    Scene scene;
    auto log = scene.create({a});
    log->append(b);
    log->sync();
    const std::uint64_t end = log->size(), size = scene.disk.size_of("log");
    log.reset();
    const sim::Image sound = scene.disk.image();
    for (std::uint64_t cut = 4096; cut < size; cut += 512) {
        sim::SimDisk disk(sound, 1);
        disk.truncate("log", cut);
        const auto root = disk.root();
        const Reading reading = *read(*root, "log", owner);
        CHECK(reading.damaged);
        CHECK(reading.records == (cut >= end ? Records{a, b} : cut >= 8192 ? Records{a} : Records{}));
        cut_short(*root, "log", owner);
        CHECK(disk.size_of("log") == size);
        CHECK_FALSE(read(*root, "log", owner)->damaged);
    }
}

TEST_CASE("a log on the machine's disk is as one on the simulated disk") {
    const ScratchFolder scratch;
    const auto dir = io::open_root(scratch.path());
    SystemClock clock;
    auto log = Log::create(*dir, "log", clock, owner, {a}, 0);
    REQUIRE(log);
    CHECK_FALSE(Log::create(*dir, "log", clock, owner, {a}, 0));
    CHECK_FALSE(Log::find(*dir, "log", owner)->try_lock());
    Records all{a};
    for (const Record& next : {b, c, long_record(1 << 20), a}) {
        log->append(next);
        log->sync();
        all.push_back(next);
    }
    CHECK(read(*dir, "log", owner)->records == all);
    log.reset();
    log = Log::find(*dir, "log", owner);
    REQUIRE(log->try_lock());
    CHECK(log->found() == all);
    log->append(b);
    log->write();
    all.push_back(b);
    CHECK(read(*dir, "log", owner)->records == all);
    CHECK(dir->list().size() == 1);
}

}  // namespace ft::wal
