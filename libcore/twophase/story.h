// What a coordinator writes of a transaction: its records, and the story that they tell. Formats in FORMAT.md,
// section 1.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libcore/twophase/protocol.h"
#include "libcore/wal/log.h"

namespace ft::twophase {

inline constexpr std::size_t most_parts = 1U << 12;  ///< of a transaction

/// A person's decision on what could not be settled.
struct Resolution {
    Time when;
    Decision decision = Decision::none;
    std::string reason;
    bool operator==(const Resolution&) const = default;
};

/// All that a journal tells.
struct Story {
    std::uint64_t number = 0;  ///< the journal's
    Time begun;
    std::chrono::seconds deadline{300};  ///< how long it may wait for its next command before recovery aborts it
    Time last;                           ///< when the last command on it began
    std::vector<Spec> parts = {};
    History history = {};
    std::optional<Resolution> resolution = {};
    std::string upstream = {};  ///< the branch of another coordinator's transaction that this one is; else ""

    /// It was aborted before it was asked: so that the question, should it come late, finds its answer.
    [[nodiscard]] bool is_tombstone() const { return history.decision == Decision::abort && !history.asked; }
    /// Whether it stays after its end, as a witness, until the other coordinator says that it may go.
    [[nodiscard]] bool is_witness() const { return !upstream.empty() && (history.prepared || is_tombstone()); }
};

/// "3f9c0a1b5d7e2468": how people name a transaction.
[[nodiscard]] std::string name_of(std::uint64_t number);
/// std::nullopt where it is no transaction's name.
[[nodiscard]] std::optional<std::uint64_t> number_from(std::string_view name);

/// The records of a story. fails  in the reader's hands only: see add_record.
[[nodiscard]] wal::Record begun_record(const Story& story);
[[nodiscard]] wal::Record touched_record(Time now);
[[nodiscard]] wal::Record record_of(const Spec& spec);
[[nodiscard]] wal::Record record_of(const Milestone& milestone);
[[nodiscard]] wal::Record record_of(const Resolution& resolution);
/// All of them, as a journal would hold them that has seen the same.
[[nodiscard]] std::vector<wal::Record> records_of(const Story& story);

/// Takes the next record, the first being `begun`. fails  damage() where it stands out of place or says nothing.
void add_record(Story& story, const wal::Record& record, bool first, std::string_view where);
[[nodiscard]] Spec take_spec(Decoder& in);
void put(Encoder& out, const Spec& spec);
/// "part", "commit": what kind of record it is.
[[nodiscard]] std::string name_of(const wal::Record& record);
/// Takes the records of a log; for read_story, repair and the fuzz target. fails  damage().
[[nodiscard]] Story story_of(const std::vector<wal::Record>& records, std::uint64_t number, std::string_view where);

}  // namespace ft::twophase
