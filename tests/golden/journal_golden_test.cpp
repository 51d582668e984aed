// Goal: every later version reads the journal of a transaction of version 1 in each of its states, and says of each
// broken one what is broken. Method: the committed records of twophase-v1, written from FORMAT.md by make.py beside
// them; the log that carries them is wal_golden_test.cpp's.
#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"
#include "libcore/twophase/journal.h"
#include "tests/catch.h"
#include "tests/golden/twophase_cases.h"

namespace ft::twophase {

namespace {

Records sample(const std::string& name) { return records_of("sample.txt", name); }

const Spec a{.kind = "file", .label = "file:a=a.new", .fields = {{"dest", "/srv/a"}, {"new", "/srv/a.new"}}};
const Spec b{.kind = "exec", .label = "exec:./b", .fields = {{"command", "./b"}, {"folder", "/srv"}}};
const Tokens tokens{"1f", std::nullopt};

/// What a journal holds after these milestones.
Records written(const std::vector<Milestone>& milestones, const std::optional<Resolution>& resolution = {}) {
    sim::SimDisk disk;
    FixedClock clock;
    const std::unique_ptr<io::Dir> dir = disk.root();
    const Uuid coordinator = clock.random_uuid();
    Journal journal = Journal::create(*dir, clock, coordinator, std::chrono::seconds(300), {a}, false);
    journal.add({b}, {1795428060, 0});
    for (const Milestone& milestone : milestones) {
        if (resolution && milestone.kind == Milestone::Kind::commit) journal.resolve(*resolution);
        journal.force(milestone);
    }
    return wal::read(*dir, name_of(journal.story().number), coordinator)->records;
}

}  // namespace

TEST_CASE("a committed journal of version 1 is read as what it tells, in each of its states") {
    const std::vector<Case> cases = cases_of("sample.txt");
    for (const Case& one : cases) {
        INFO(one.name);
        const Story story = story_of(one.records, 7, "journal");
        CHECK(told(story) == one.said);
        CHECK(story.number == 7);
    }
    CHECK(cases.size() == 17);
}

TEST_CASE("the participants, times and resolution of a journal of version 1 are read") {
    const Story story = story_of(sample("resolved"), 7, "journal");
    CHECK(story.begun == Time{1795428000, 250000000});
    CHECK(story.last == Time{1795428060, 0});
    CHECK(story.parts == std::vector{a, b});
    CHECK(story.resolution == Resolution{{1795428100, 0}, Decision::commit, "they said so"});
    CHECK(story_of(sample("begun before 1970"), 7, "journal").begun == Time{-1, 250000000});
}

TEST_CASE("a journal is written as the committed one of version 1, byte for byte") {
    using Stage = Milestone::Kind;
    const Milestone asked{.kind = Stage::asked}, prepared{.kind = Stage::prepared, .tokens = tokens},
        commit{.kind = Stage::commit, .tokens = tokens};
    CHECK(written({}) == sample("open"));
    CHECK(written({asked, prepared, {.kind = Stage::abort}}) == sample("aborted"));
    CHECK(written({asked, prepared, commit, {.kind = Stage::broken, .part = 0, .why = "changed by others"}}) ==
          sample("committed, and disobeyed"));
    CHECK(written({asked, prepared, commit, {.kind = Stage::end}}) == sample("ended"));
    CHECK(written({asked, prepared, commit}, Resolution{{1795428100, 0}, Decision::commit, "they said so"}) ==
          sample("resolved"));
}

TEST_CASE("of each broken journal of version 1 a reader says what is broken") {
    const std::vector<Case> cases = cases_of("broken.txt");
    for (const Case& one : cases) {
        INFO(one.name);
        try {
            (void)story_of(one.records, 7, "journal");
            FAIL("it is taken for sound");
        } catch (const Failure& failure) {
            CHECK(failure.exit() == Exit::damage);
            CHECK(failure.parts().where == "journal");
            CHECK_THAT(failure.parts().why, Catch::Matchers::StartsWith(one.said));
        }
    }
    CHECK(cases.size() == 42);
}

}  // namespace ft::twophase
