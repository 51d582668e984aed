// Goal: every later version reads a ledger of version 1 in each of its states, says of each broken one what is broken,
// and writes it as it was. Method: as journal_golden_test.cpp.
#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"
#include "libcore/twophase/ledger.h"
#include "tests/catch.h"
#include "tests/golden/twophase_cases.h"

namespace ft::twophase {

namespace {

constexpr std::uint64_t number = 7ULL << sequence_bits;

std::string told(const LedgerStory& ledger) {
    std::string text = fmt::format("{} places", ledger.places.size());
    for (const auto& [of, story] : ledger.open) text += fmt::format("; {}: {}", of - number, told(story));
    return text;
}

const Spec jobs{.kind = "counter", .label = "counter:/srv/jobs", .fields = {{"path", "/srv/jobs"}}};
const std::vector<Spec> parts{
    {.kind = "counter", .label = "counter:jobs+1", .fields = {{"amount", "1"}, {"path", "/srv/jobs"}}},
    {.kind = "pg", .label = "pg:dbname=a", .fields = {{"conninfo", "dbname=a"}, {"sql", "only prepare needs it"}}}};

/// What a ledger holds after these milestones of one transaction.
Records written(const std::vector<Milestone>& milestones, bool is_gone) {
    sim::SimDisk disk;
    FixedClock clock;
    const std::unique_ptr<io::Dir> dir = disk.root();
    const Uuid coordinator = clock.random_uuid();
    const std::unique_ptr<Ledger> ledger = Ledger::create(*dir, clock, coordinator);
    ledger->know(jobs);
    const std::unique_ptr<Entry> entry = ledger->begin(parts, clock.now(), true);
    for (const Milestone& milestone : milestones) entry->force(milestone);
    if (is_gone) entry->remove(true);
    return wal::read(*dir, name_of(ledger->number()), coordinator)->records;
}

}  // namespace

TEST_CASE("a committed ledger of version 1 is read as what it tells, in each of its states") {
    const std::vector<Case> cases = cases_of("ledger.txt");
    for (const Case& one : cases) {
        INFO(one.name);
        const LedgerStory story = ledger_story_of(one.records, number, "ledger");
        CHECK(told(story) == one.said);
        CHECK(story.begun == Time{1795428000, 250000000});
    }
    CHECK(cases.size() == 7);
    CHECK(ledger_story_of(records_of("ledger.txt", "a place"), number, "ledger").places == std::vector{jobs});
}

TEST_CASE("a ledger is written as the committed one of version 1, byte for byte") {
    using Stage = Milestone::Kind;
    const Milestone asked{.kind = Stage::asked}, commit{.kind = Stage::commit, .tokens = {"1f", "2e"}};
    CHECK(written({asked}, false) == records_of("ledger.txt", "a place"));
    CHECK(written({asked, commit}, false) == records_of("ledger.txt", "one committed"));
    CHECK(written({asked, commit, {.kind = Stage::end}}, false) == records_of("ledger.txt", "ended"));
    CHECK(written({asked, commit}, true) == records_of("ledger.txt", "gone"));
}

TEST_CASE("of each broken ledger of version 1 a reader says what is broken") {
    const std::vector<Case> cases = cases_of("ledger-broken.txt");
    for (const Case& one : cases) {
        INFO(one.name);
        try {
            (void)ledger_story_of(one.records, number, "ledger");
            FAIL("it is taken for sound");
        } catch (const Failure& failure) {
            CHECK(failure.exit() == Exit::damage);
            CHECK(failure.parts().where == "ledger");
            CHECK_THAT(failure.parts().why, Catch::Matchers::StartsWith(one.said));
        }
    }
    CHECK(cases.size() == 19);
}

}  // namespace ft::twophase
