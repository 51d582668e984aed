// Goal: a journal tells the next process what the last one wrote, is held by one at a time, and decides once.
// Method: journals on the simulated disk. Broken records: tests/golden; power cuts: tests/sim/transaction_cut_test.cpp.
#include "libcore/twophase/journal.h"

#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

using Catch::Matchers::Contains;
using Step = Milestone::Kind;

const Uuid coordinator = *Uuid::from_hex("000102030405060708090a0b0c0d0e0f");
const Spec a{.kind = "file", .label = "file:a=b", .fields = {{"dest", "/a"}, {"new", "/b"}}};
const Spec odd{.kind = "exec", .label = std::string("exec:\n\0\xff", 8), .fields = {{"", ""}, {"command", "x"}}};
const Milestone asked{.kind = Step::asked}, commit{.kind = Step::commit, .tokens = {"t", std::nullopt}};

class Scene {
public:
    [[nodiscard]] Journal create(const std::vector<Spec>& parts = {a, odd}, bool is_asked = false) {
        return Journal::create(*dir, disk.clock(), coordinator, std::chrono::minutes(5), parts, is_asked);
    }
    [[nodiscard]] Story story(std::uint64_t number) { return *read_story(*dir, coordinator, number); }

    sim::SimDisk disk;
    std::unique_ptr<io::Dir> dir = disk.root(), other = disk.root(1);
};

std::string refusal_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "";
}

}  // namespace

TEST_CASE("what is written is read, by who only looks and by who holds it next", "[twophase]") {
    Scene scene;
    std::uint64_t number = 0;
    {
        Journal journal = scene.create({a});
        number = journal.story().number;
        CHECK(journal.story().begun == journal.story().last);
        scene.disk.clock().advance(std::chrono::seconds(7));
        journal.add({odd}, scene.disk.clock().now());
        journal.force(asked);
        journal.force({.kind = Step::prepared, .tokens = {"t", std::nullopt}});
        journal.resolve({scene.disk.clock().now(), Decision::commit, "they said so"});
        journal.force(commit);
        journal.force({.kind = Step::broken, .part = 1, .why = "not me"});
    }
    const Story story = scene.story(number);
    CHECK(story.parts == std::vector{a, odd});
    CHECK(story.last.s - story.begun.s >= 7);
    CHECK(story.deadline == std::chrono::minutes(5));
    CHECK(story.history.prepared == Tokens{"t", std::nullopt});
    CHECK(story.history.decision == Decision::commit);
    CHECK(story.history.tokens == Tokens{"t", std::nullopt});
    CHECK(story.history.broken == std::vector<std::pair<std::uint32_t, std::string>>{{1, "not me"}});
    CHECK(story.resolution->reason == "they said so");
    const Journal::Opened opened = Journal::open(*scene.dir, coordinator, number);
    REQUIRE(opened.found == Journal::Found::held);
    CHECK(opened.journal->story().parts == story.parts);
    CHECK(opened.journal->story().history.decision == Decision::commit);
}

TEST_CASE("that all were asked is written with the journal where that is wanted, and not again", "[twophase]") {
    Scene scene;
    Journal journal = scene.create({a, odd}, true);
    CHECK_FALSE(journal.story().history.asked);  // nobody was, yet
    CHECK(scene.story(journal.story().number).history.asked);
    const std::uint64_t steps = scene.disk.steps();
    journal.force(asked);
    CHECK(scene.disk.steps() == steps);
    CHECK(journal.story().history.asked);
}

TEST_CASE("a touch is durable with what comes next, and costs nothing by itself", "[twophase]") {
    Scene scene;
    Journal journal = scene.create();
    scene.disk.clock().advance(std::chrono::seconds(100));
    const std::uint64_t steps = scene.disk.steps();
    journal.touch(scene.disk.clock().now());
    CHECK(scene.disk.steps() == steps);
    journal.force(asked);
    CHECK(scene.story(journal.story().number).last == journal.story().last);
}

TEST_CASE("a journal is one process's at a time, who waits is told who has it", "[twophase]") {
    Scene scene;
    std::optional<Journal> journal = scene.create();
    const std::uint64_t number = journal->story().number;
    const Journal::Opened busy = Journal::open(*scene.other, coordinator, number);
    CHECK(busy.found == Journal::Found::busy);
    CHECK(busy.journal == nullptr);
    CHECK(scene.story(number).parts.size() == 2);  // to look is always possible
    journal.reset();
    CHECK(Journal::open(*scene.other, coordinator, number).found == Journal::Found::held);
}

TEST_CASE("a journal that has gone is missing, also for who had found it before", "[twophase]") {
    Scene scene;
    Journal journal = scene.create();
    const std::uint64_t number = journal.story().number;
    const std::unique_ptr<wal::Log> waiting = wal::Log::find(*scene.other, name_of(number), coordinator);
    REQUIRE(waiting);
    journal.remove(true);
    CHECK(Journal::open(*scene.other, coordinator, number).found == Journal::Found::missing);
    CHECK_FALSE(read_story(*scene.dir, coordinator, number).has_value());
}

TEST_CASE("another transaction under the name of one that was waited for is not taken for it", "[twophase]") {
    Scene scene;
    std::optional<Journal> journal = scene.create();
    const std::uint64_t number = journal->story().number;
    // Between finding the name and locking it, the journal is removed: what is locked then has no name any more.
    const std::unique_ptr<wal::Log> found = wal::Log::find(*scene.other, name_of(number), coordinator);
    journal->remove(true);
    journal.reset();
    CHECK(found->try_lock());
    CHECK(Journal::open(*scene.other, coordinator, number).found == Journal::Found::missing);
}

TEST_CASE("a journal of another coordinator is refused", "[twophase]") {
    Scene scene;
    const std::uint64_t number = scene.create().story().number;
    const Uuid stranger = scene.disk.clock().random_uuid();
    CHECK_THAT(refusal_of([&] { (void)read_story(*scene.dir, stranger, number); }), Contains(name_of(number)));
    CHECK_THAT(refusal_of([&] { (void)Journal::open(*scene.dir, stranger, number); }), Contains(name_of(number)));
}

TEST_CASE("a journal that cannot be written is dead", "[twophase]") {
    Scene scene;
    Journal journal = scene.create();
    journal.force(asked);
    scene.disk.fail({.call = sim::Call::write});
    CHECK_FALSE(refusal_of([&] { journal.force(commit); }).empty());
    CHECK_FALSE(refusal_of([&] { journal.force({.kind = Step::abort}); }).empty());
    CHECK(scene.story(journal.story().number).history.decision == Decision::none);
}

TEST_CASE("a journal holds thousands of participants, and long words", "[twophase]") {
    Scene scene;
    std::vector<Spec> many(most_parts, a);
    many[7].fields["new"] = std::string(1U << 20, 'x');
    Journal journal = scene.create(many);
    journal.force(asked);
    journal.force({.kind = Step::commit, .tokens = Tokens(most_parts, std::string(100, 't'))});
    const Story story = scene.story(journal.story().number);
    CHECK(story.parts == many);
    CHECK(story.history.tokens.size() == most_parts);
}

}  // namespace ft::twophase
