// Goal: a service forces one write for a commit and none for anything else, shares it among those in flight, hands
// over what it cannot end, and keeps to itself what it has not ended when it dies. Method: scripted participants of a
// kind that can list its branches, on a simulated disk and on a real one, with many threads.
#include <algorithm>
#include <atomic>

#include "libcore/base/parallel.h"
#include "libcore/twophase/server.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"
#include "tests/twophase/scripted.h"

namespace ft::twophase {

namespace {

constexpr Pace pace{.deliver = std::chrono::nanoseconds(0), .threads = 0};

std::vector<Spec> counters(std::size_t count) {
    std::vector<Spec> parts;
    for (std::size_t i = 0; i < count; ++i)
        parts.push_back({.kind = "counter",
                         .label = "counter:" + std::to_string(i),
                         .fields = {{"path", "/" + std::to_string(i)}, {"amount", "1"}}});
    return parts;
}

struct Scene {
    Troupe troupe{2};
    Server server{troupe.home, [this](const Story&) { return troupe.participants(); }, troupe.disk.clock(),
                  troupe.progress, pace};
    Report run() { return server.run(counters(2)); }
    /// What a transaction more forces, the places being known.
    std::uint64_t forced_by_one_more() {
        const std::uint64_t before = server.forced();
        (void)run();
        return server.forced() - before;
    }
};

}  // namespace

TEST_CASE("a commit forces one write, once its places are known", "[twophase]") {
    Scene scene;
    CHECK(scene.run().complete);
    CHECK(scene.forced_by_one_more() == 1);
}

TEST_CASE("an abort, and a transaction that has nothing to commit, force none", "[twophase]") {
    Scene scene;
    (void)scene.run();
    scene.troupe[1].prepare = [] { return no("busy"); };
    CHECK(scene.forced_by_one_more() == 0);
    for (std::size_t i = 0; i < 2; ++i)
        scene.troupe[i].prepare = [] { return Voted{.vote = Vote::read_only, .token = "", .why = ""}; };
    CHECK(scene.forced_by_one_more() == 0);
}

TEST_CASE("the only one that has something to commit, and may commit alone, forces none", "[twophase]") {
    Scene scene;
    std::vector<Spec> parts = counters(1);
    parts.push_back({.kind = "pg", .label = "pg:dbname=a", .fields = {{"conninfo", "dbname=a"}}});
    scene.troupe[0].prepare = [] { return Voted{.vote = Vote::read_only, .token = "", .why = ""}; };
    (void)scene.server.run(parts);
    const std::uint64_t before = scene.server.forced();
    CHECK(scene.server.run(parts).complete);
    CHECK(scene.server.forced() == before);
    scene.troupe[1].commit = [](const std::string&) { return again("not now"); };
    const Report report = scene.server.run(parts);
    CHECK(report.decision == Decision::commit);
    CHECK(scene.troupe.story(report.number)->history.decision == Decision::commit);
    scene.troupe[0].prepare = [] { return yes(); };
    scene.troupe[1].commit = [](const std::string&) { return done(); };
    const std::uint64_t alone = scene.server.forced();
    CHECK(scene.server.run(parts).complete);
    CHECK(scene.server.forced() == alone + 1);
}

TEST_CASE("a commit that could be written nowhere, and is not answered, is in doubt", "[twophase]") {
    Scene scene;
    const std::vector<Spec> parts{{.kind = "pg", .label = "pg:dbname=a", .fields = {{"conninfo", "dbname=a"}}},
                                  counters(1)[0]};
    (void)scene.server.run(parts);
    scene.troupe[1].prepare = [] { return Voted{.vote = Vote::read_only, .token = "", .why = ""}; };
    scene.troupe[0].commit = [&](const std::string&) {
        scene.troupe.disk.set_capacity(0);
        return again("gone");
    };
    const Report report = scene.server.run(parts);
    CHECK(report.phase == Phase::in_doubt);
    CHECK(report.decision == Decision::none);
    CHECK_THAT(report.why, Catch::Matchers::Contains("No space left"));
}

TEST_CASE("witnesses go once a later flush has made the end durable, and force nothing", "[twophase]") {
    Scene scene;
    scene.troupe[0].witness = true;
    std::vector<std::uint64_t> forgotten_after;
    scene.troupe[0].forget = [&] {
        forgotten_after.push_back(scene.server.forced());
        return done();
    };
    CHECK(scene.run().complete);
    scene.server.tidy();
    CHECK(forgotten_after.empty());
    const std::uint64_t first = scene.server.forced();
    CHECK(scene.forced_by_one_more() == 1);
    scene.server.tidy();
    CHECK(forgotten_after == std::vector<std::uint64_t>{first + 1});
    CHECK(scene.troupe.home.ledger_numbers().size() == 1);
    scene.server.close();
    CHECK(forgotten_after.size() == 2);
    CHECK(forgotten_after.back() == first + 2);
    CHECK(scene.server.left() == 0);
    CHECK(scene.troupe.home.ledger_numbers().empty());
}

TEST_CASE("witnesses do not wait for ever where nothing is flushed", "[twophase]") {
    Scene scene;
    scene.troupe[0].witness = true;
    scene.troupe[1].prepare = [] { return no("busy"); };
    unsigned gone = 0;
    scene.troupe[0].forget = [&] {
        ++gone;
        return done();
    };
    (void)scene.run();
    const std::uint64_t before = scene.server.forced();
    for (unsigned i = 1; i <= 200; ++i) {
        CHECK(scene.run().decision == Decision::abort);
        scene.server.tidy();
    }
    CHECK(gone >= 128);
    CHECK(scene.server.forced() == before + 1);
    scene.server.tidy_all();
    CHECK(gone == 201);
}

TEST_CASE("witnesses that cannot go are told to recovery", "[twophase]") {
    Scene scene;
    scene.troupe[0].witness = true;
    scene.troupe[0].forget = [] { return again("gone"); };
    const Report report = scene.run();
    CHECK(report.complete);
    scene.server.tidy_all();
    CHECK(scene.server.left() == 1);
    CHECK(scene.troupe.story(report.number)->history.ended);
    (void)scene.run();
    scene.troupe.disk.set_capacity(0);  // now not even a journal can be written
    scene.server.close();
    CHECK(scene.server.left() == 2);
    CHECK(scene.troupe.home.ledger_numbers().size() == 1);
}

TEST_CASE("participants that cannot list their branches are written down before they are asked", "[twophase]") {
    Scene scene;
    std::vector<Spec> parts = counters(1);
    parts.push_back({.kind = "file", .label = "file:a=b", .fields = {{"dest", "/a"}}});
    (void)scene.server.run(parts);
    const std::uint64_t before = scene.server.forced();
    std::uint64_t when_asked = 0;
    scene.troupe[0].prepare = [&] {
        when_asked = scene.server.forced();
        return yes();
    };
    CHECK(scene.server.run(parts).complete);
    CHECK(when_asked == before + 1);
    CHECK(scene.server.forced() == before + 2);
}

TEST_CASE("many in flight at once all end, and force no more than one write each", "[twophase]") {
    constexpr unsigned in_flight = 16, count = 400;
    ScratchFolder scratch;
    SystemClock clock;
    Home home = Home::open_or_create(io::open_root(scratch.path()), clock);
    Progress progress;
    std::vector<std::unique_ptr<Troupe>> troupes;
    for (unsigned i = 0; i <= count; ++i) troupes.push_back(std::make_unique<Troupe>(2));
    std::atomic<unsigned> begun{0}, complete{0};
    const Makers makers = [&](const Story&) { return troupes[begun++]->participants(); };
    Server server(home, makers, clock, progress, pace);
    (void)server.run(counters(2));
    const std::uint64_t before = server.forced();
    parallel_for(in_flight, count, [&](std::size_t) { complete += server.run(counters(2)).complete ? 1 : 0; });
    CHECK(complete == count);
    CHECK(server.forced() - before <= count);
    server.close();
    CHECK(home.ledger_numbers().empty());
}

TEST_CASE("what cannot be told gets a journal of its own, and the ledger goes", "[twophase]") {
    Scene scene;
    scene.troupe[1].commit = [](const std::string&) { return again("not now"); };
    const Report report = scene.run();
    CHECK(report.decision == Decision::commit);
    CHECK_FALSE(report.complete);
    CHECK(scene.troupe.home.numbers() == std::vector<std::uint64_t>{report.number});
    scene.server.close();
    CHECK(scene.troupe.home.ledger_numbers().empty());
    CHECK(scene.troupe.story(report.number)->history.decision == Decision::commit);
    CHECK(scene.troupe.story(report.number)->parts == counters(2));
}

TEST_CASE("a new ledger is begun when one is long, and the old one goes with its last transaction", "[twophase]") {
    Scene scene;
    std::vector<Spec> long_parts = counters(2);
    long_parts[0].fields["note"] = std::string(1U << 20, 'x');
    std::size_t most = 0;
    for (int i = 0; i < 40; ++i) {
        CHECK(scene.server.run(long_parts).complete);
        most = std::max(most, scene.troupe.home.ledger_numbers().size());
    }
    CHECK(most == 1);
    const std::vector<std::uint64_t> last = scene.troupe.home.ledger_numbers();
    REQUIRE(last.size() == 1);
    CHECK(ledger_of(scene.run().number) == last[0]);
}

TEST_CASE("a ledger that a process holds is left alone", "[twophase]") {
    Scene scene;
    (void)scene.run();
    const std::uint64_t number = scene.troupe.home.ledger_numbers().at(0);
    CHECK_FALSE(scene.troupe.home.is_in_dead_ledger(number + 1));
    const auto makers = [](const Story&) { return Desk::Participants(); };
    const std::vector<Recovered> all =
        recover_all(scene.troupe.home, makers, {}, scene.troupe.disk.clock(), scene.troupe.progress, pace, 0);
    REQUIRE(all.size() == 1);
    CHECK(all[0].kind == Recovered::Kind::live);
    scene.server.close();
}

}  // namespace ft::twophase
