// Goal: every later version reads the journal of a transaction of version 1 in each of its states, and says of each
// broken one what is broken. Method: the committed records of twophase-v1, written from FORMAT.md by make.py beside
// them; the log that carries them is wal_golden_test.cpp's.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"
#include "libcore/twophase/journal.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

using Records = std::vector<wal::Record>;

struct Case {
    std::string name, said;
    Records records;
};

wal::Record record_of(const std::string& line) {
    const std::size_t bar = line.find(" | ");
    REQUIRE(bar != std::string::npos);
    wal::Record record{.type = static_cast<std::uint8_t>(std::stoul(line.substr(0, bar), nullptr, 16)), .body = {}};
    for (std::size_t at = bar + 3; at < line.size(); at += 2)
        record.body.push_back(static_cast<std::byte>(std::stoul(line.substr(at, 2), nullptr, 16)));
    return record;
}

std::vector<Case> cases_of(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/twophase-v1/" + name);
    REQUIRE(file.good());
    std::vector<Case> cases;
    for (std::string line; std::getline(file, line);) {
        const std::size_t bar = line.find(" | ");
        if (line.starts_with("= "))
            cases.push_back({line.substr(2, bar - 2), line.substr(bar + 3), {}});
        else
            cases.back().records.push_back(record_of(line));
    }
    return cases;
}

Records records_of(const std::string& name) {
    const std::vector<Case> cases = cases_of("sample.txt");
    const auto found = std::find_if(cases.begin(), cases.end(), [&](const Case& one) { return one.name == name; });
    REQUIRE(found != cases.end());
    return found->records;
}

std::string told(const Tokens& tokens) {
    std::string text;
    for (const std::optional<std::string>& token : tokens)
        text += token ? token->empty() ? " ''" : " " + *token : std::string(" -");
    return text;
}

/// All that a story tells, in the words of sample.txt.
std::string told(const Story& story) {
    const History& history = story.history;
    std::string text = story.upstream.empty() ? "" : "for " + story.upstream + ", ";
    text += fmt::format("deadline {}, {} participants", story.deadline.count(), story.parts.size());
    if (history.asked) text += ", asked";
    if (history.prepared) text += ", prepared" + told(*history.prepared);
    if (story.resolution) text += ", resolved commit: " + story.resolution->reason;
    if (history.decision == Decision::commit) text += ", commit" + told(history.tokens);
    if (history.decision == Decision::abort) text += ", abort";
    for (const auto& [part, why] : history.broken) text += fmt::format(", {} broke it: {}", part, why);
    return text + (history.ended ? ", ended" : "");
}

/// Stands still where make.py says.
class FixedClock final : public Clock {
public:
    Time now() override { return {1795428000, 250000000}; }
    Time file_clock() override { return now(); }
    std::chrono::nanoseconds monotonic() override { return {}; }
    void sleep(std::chrono::nanoseconds) override {}
    std::uint64_t random() override { return ++drawn_; }

private:
    std::uint64_t drawn_ = 0;
};

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
    const Story story = story_of(records_of("resolved"), 7, "journal");
    CHECK(story.begun == Time{1795428000, 250000000});
    CHECK(story.last == Time{1795428060, 0});
    CHECK(story.parts == std::vector{a, b});
    CHECK(story.resolution == Resolution{{1795428100, 0}, Decision::commit, "they said so"});
    CHECK(story_of(records_of("begun before 1970"), 7, "journal").begun == Time{-1, 250000000});
}

TEST_CASE("a journal is written as the committed one of version 1, byte for byte") {
    using Stage = Milestone::Kind;
    const Milestone asked{.kind = Stage::asked}, prepared{.kind = Stage::prepared, .tokens = tokens},
        commit{.kind = Stage::commit, .tokens = tokens};
    CHECK(written({}) == records_of("open"));
    CHECK(written({asked, prepared, {.kind = Stage::abort}}) == records_of("aborted"));
    CHECK(written({asked, prepared, commit, {.kind = Stage::broken, .part = 0, .why = "changed by others"}}) ==
          records_of("committed, and disobeyed"));
    CHECK(written({asked, prepared, commit, {.kind = Stage::end}}) == records_of("ended"));
    CHECK(written({asked, prepared, commit}, Resolution{{1795428100, 0}, Decision::commit, "they said so"}) ==
          records_of("resolved"));
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
