// Journals and ledgers of ft2pc: records in any order tell a story of which nothing can be decided twice, or they are
// refused.
#include "libcore/twophase/journal.h"

#include "libcore/twophase/ledger.h"

#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

/// Records as the log gives them: the type, the length in two bytes, the body.
std::vector<wal::Record> records_of(View bytes) {
    std::vector<wal::Record> records;
    while (bytes.size() >= 3) {
        const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
        const std::size_t length = std::min(at(1) | at(2) << 8, bytes.size() - 3);
        records.push_back({static_cast<std::uint8_t>(at(0)), copy_of(bytes.subspan(3, length))});
        bytes = bytes.subspan(3 + length);
    }
    return records;
}

void judge(const twophase::Story& story) {
    const twophase::History& history = story.history;
    const std::size_t parts = story.parts.size();
    const bool decided = history.decision != twophase::Decision::none;
    check(history.parts == parts, "a story knows how many take part");
    check(!decided || history.asked || story.is_tombstone(), "nothing is decided before anybody was asked");
    check(!history.prepared || history.prepared->size() == parts, "all have said yes");
    check(history.decision != twophase::Decision::commit || history.tokens.size() == parts, "all can be told");
    check(!history.prepared || decided || (history.broken.empty() && !history.ended), "what waits is not told");
    for (const auto& [part, why] : history.broken) check(part < parts, "who broke it takes part");
    // What a recovery begins with: any story that is read can be driven.
    if (parts != 0) (void)twophase::Protocol(history, std::vector<bool>(parts)).recover();
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ft::fuzz::accepts([&] {
        ft::fuzz::judge(
            ft::twophase::story_of(ft::fuzz::records_of(ft::fuzz::view_of_input(data, size)), 1, "a journal"));
    });
    ft::fuzz::accepts([&] {
        const auto records = ft::fuzz::records_of(ft::fuzz::view_of_input(data, size));
        for (const auto& [number, story] : ft::twophase::ledger_story_of(records, 1ULL << 24, "a ledger").open)
            ft::fuzz::judge(story);
    });
    return 0;
}
