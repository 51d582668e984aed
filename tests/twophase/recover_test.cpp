// Goal: recovery ends what is dead, and touches nothing else, whatever else is there.
// Method: transactions of scripted participants in each state; the clock is the disk's.
#include "libcore/twophase/recover.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/twophase/scripted.h"

namespace ft::twophase {

namespace {

using Fate = Recovered::Kind;
using Catch::Matchers::Contains;

class Scene {
public:
    explicit Scene(std::size_t participants = 1) : troupe(participants) {}

    /// Begins one, does something with it, and lets go of it as a killed process does.
    std::uint64_t leave(const std::function<void(Journal& journal)>& act = [](Journal&) {}) {
        Journal journal = troupe.begin();
        act(journal);
        return journal.story().number;
    }
    std::uint64_t leave_prepared() {
        return leave([&](Journal& journal) { (void)troupe.drive(journal, &Coordinator::prepare); });
    }
    [[nodiscard]] std::vector<Recovered> recover() {
        const Makers makers = [&](const Story&) { return troupe.participants(); };
        return recover_all(troupe.home, makers, {}, troupe.disk.clock(), troupe.progress, {.threads = 0}, 0);
    }
    [[nodiscard]] Recovered recover(std::uint64_t number) {
        for (const Recovered& one : recover())
            if (one.number == number) return one;
        FAIL("it was not looked at");
        return {};
    }
    void later(std::chrono::seconds time) { troupe.disk.clock().advance(time); }
    [[nodiscard]] bool is_there(std::uint64_t number) { return troupe.story(number).has_value(); }

    Troupe troupe;
};

const Milestone asked{.kind = Milestone::Kind::asked}, committed{.kind = Milestone::Kind::commit, .tokens = {"t"}};

}  // namespace

TEST_CASE("recovery of nothing does nothing", "[twophase]") { CHECK(Scene().recover().empty()); }

TEST_CASE("what is open or prepared waits within its deadline, and is aborted after it", "[twophase]") {
    Scene scene;
    const std::uint64_t open = scene.leave(), prepared = scene.leave_prepared();
    scene.later(std::chrono::seconds(290));
    CHECK(scene.recover(open).kind == Fate::waiting);
    CHECK(scene.recover(prepared).kind == Fate::waiting);
    CHECK(scene.is_there(prepared));
    scene.later(std::chrono::seconds(20));
    const std::vector<Recovered> all = scene.recover();
    REQUIRE(all.size() == 2);
    for (const Recovered& one : all) {
        CHECK(one.kind == Fate::settled);
        CHECK(one.report.decision == Decision::abort);
        CHECK_FALSE(scene.is_there(one.number));
    }
    CHECK(scene.troupe.calls() == "prepare 0, abort 0");
}

TEST_CASE("each command begins the deadline anew", "[twophase]") {
    Scene scene;
    const std::uint64_t number = scene.leave();
    for (int i = 0; i < 3; ++i) {
        scene.later(std::chrono::seconds(200));
        Journal::Opened opened = Journal::open(scene.troupe.home.journals(), scene.troupe.home.coordinator(), number);
        opened.journal->add({}, scene.troupe.disk.clock().now());
    }
    CHECK(scene.recover(number).kind == Fate::waiting);
}

TEST_CASE("what was asked and not decided is aborted at once, after its doings are fenced", "[twophase]") {
    Scene scene;
    const std::uint64_t number = scene.leave([](Journal& journal) { journal.force(asked); });
    CHECK(scene.recover(number).report.decision == Decision::abort);
    CHECK(scene.troupe.calls() == "fence 0, abort 0");
    CHECK_FALSE(scene.is_there(number));
}

TEST_CASE("what was decided is told", "[twophase]") {
    Scene scene;
    std::string token;
    scene.troupe[0].commit = [&](const std::string& told) { return token = told, done(); };
    const std::uint64_t number = scene.leave([](Journal& journal) {
        journal.force(asked);
        journal.force(committed);
    });
    const Recovered one = scene.recover(number);
    CHECK(one.kind == Fate::settled);
    CHECK(one.report.decision == Decision::commit);
    CHECK(token == "t");
}

TEST_CASE("what a living process works on is left alone", "[twophase]") {
    Scene scene;
    const std::unique_ptr<io::Dir> other = scene.troupe.disk.root(1);
    Home home = *Home::find(io::open_dir(*other, "home"));
    const Uuid coordinator = home.coordinator();
    Journal journal = Journal::create(home.journals(), scene.troupe.disk.clock(), coordinator, std::chrono::seconds(1),
                                      {{.kind = "scripted", .label = "scripted:0"}}, true);
    scene.later(std::chrono::seconds(1000));
    CHECK(scene.recover(journal.story().number).kind == Fate::live);
    CHECK(scene.troupe.calls().empty());
}

TEST_CASE("what is marked as being worked on waits, as long as the mark is held", "[twophase]") {
    Scene scene;
    const std::uint64_t number = scene.leave();
    scene.later(std::chrono::seconds(1000));
    const std::unique_ptr<io::Dir> other = scene.troupe.disk.root(1);
    Home home = *Home::find(io::open_dir(*other, "home"));
    std::unique_ptr<io::File> mark = home.mark_at_work(number);
    CHECK(scene.recover(number).kind == Fate::waiting);
    mark.reset();
    CHECK(scene.recover(number).kind == Fate::settled);
    CHECK(scene.troupe.home.locks().list().empty());
}

TEST_CASE("a mark of what has ended goes once nobody holds it, other locks stay", "[twophase]") {
    Scene scene;
    const std::unique_ptr<io::Dir> other = scene.troupe.disk.root(1);
    Home home = *Home::find(io::open_dir(*other, "home"));
    std::unique_ptr<io::File> mark = home.mark_at_work(7);
    (void)scene.troupe.home.locks().create_file("another", 0600);
    CHECK(scene.recover().empty());
    CHECK(scene.troupe.home.locks().list().size() == 2);
    mark.reset();
    CHECK(scene.recover().empty());
    REQUIRE(scene.troupe.home.locks().list().size() == 1);
    CHECK(scene.troupe.home.locks().list()[0].name == "another");
}

TEST_CASE("who cannot be told is left to the next time, and holds up no other", "[twophase]") {
    Scene scene;
    const std::uint64_t first = scene.leave([](Journal& journal) {
        journal.force(asked);
        journal.force(committed);
    });
    const std::uint64_t second = scene.leave([](Journal& journal) { journal.force(asked); });
    scene.troupe[0].commit = [](const std::string&) { return again("it is down"); };
    const std::vector<Recovered> all = scene.recover();
    REQUIRE(all.size() == 2);
    for (const Recovered& one : all) CHECK(one.kind == (one.number == first ? Fate::left : Fate::settled));
    CHECK(scene.is_there(first));
    CHECK_FALSE(scene.is_there(second));
    scene.troupe[0].commit = [](const std::string&) { return done(); };
    CHECK(scene.recover(first).kind == Fate::settled);
}

TEST_CASE("participants that cannot be made leave it to the next time", "[twophase]") {
    Scene scene;
    const std::uint64_t number = scene.leave([](Journal& journal) { journal.force(asked); });
    const Makers makers = [](const Story&) -> Desk::Participants {
        throw Failure({.what = "cannot reach a participant", .where = "later:x"});
    };
    const Recovered one = recover_one(scene.troupe.home, number, makers, scene.troupe.disk.clock(),
                                      scene.troupe.progress, {.threads = 0});
    CHECK(one.kind == Fate::left);
    CHECK_THAT(one.why, Contains("later:x"));
    CHECK(scene.is_there(number));
}

TEST_CASE("who has disobeyed is kept for a person to look at", "[twophase]") {
    Scene scene;
    const std::uint64_t number = scene.leave([](Journal& journal) {
        journal.force(asked);
        journal.force(committed);
    });
    scene.troupe[0].commit = [](const std::string&) { return Settled{Ack::broken, "a stranger was here"}; };
    CHECK(scene.recover(number).kind == Fate::broken);
    CHECK(scene.recover(number).kind == Fate::broken);
    CHECK(scene.troupe.calls() == "fence 0, commit 0");
    CHECK(scene.is_there(number));
}

TEST_CASE("a damaged journal is named, and holds up no other", "[twophase]") {
    Scene scene;
    const std::uint64_t bad = scene.leave(), good = scene.leave([](Journal&journal) { journal.force(asked); });
    for (unsigned bit = 0; bit < 8; ++bit) scene.troupe.disk.flip_bit("home/journals/" + name_of(bad), 4096 + 10, bit);
    const std::vector<Recovered> all = scene.recover();
    REQUIRE(all.size() == 2);
    for (const Recovered& one : all) {
        CHECK(one.kind == (one.number == bad ? Fate::damaged : Fate::settled));
        if (one.number == bad) CHECK_THAT(one.why, Contains(name_of(bad)));
    }
    CHECK_FALSE(scene.is_there(good));
}

TEST_CASE("one that has ended meanwhile is gone", "[twophase]") {
    Scene scene;
    const Makers makers = [&](const Story&) { return scene.troupe.participants(); };
    CHECK(recover_one(scene.troupe.home, 7, makers, scene.troupe.disk.clock(), scene.troupe.progress, {}).kind ==
          Fate::gone);
}

TEST_CASE("one that was begun and never added to ends without a question", "[twophase]") {
    Scene scene(0);
    const std::uint64_t number = scene.leave();
    scene.later(std::chrono::seconds(301));
    const Recovered one = scene.recover(number);
    CHECK(one.kind == Fate::settled);
    CHECK(one.report.decision == Decision::abort);
    CHECK_FALSE(scene.is_there(number));
}

TEST_CASE("a wish to stop ends a recovery before it begins with another", "[twophase]") {
    Scene scene;
    const std::uint64_t number = scene.leave([](Journal& journal) { journal.force(asked); });
    scene.troupe.progress.stop = true;
    CHECK_THROWS_AS(scene.recover(), Failure);
    CHECK(scene.is_there(number));
}

}  // namespace ft::twophase
