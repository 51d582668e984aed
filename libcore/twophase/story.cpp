#include "libcore/twophase/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

constexpr std::size_t longest_text = 1U << 20, longest_token = 4096, most_fields = 64, longest_upstream = 255;
constexpr std::uint64_t longest_deadline = 1ULL << 33;  ///< seconds; more than any --deadline
enum class Type : std::uint8_t {
    begun = 1,
    touched = 2,
    part = 3,
    resolved = 4,
    first_milestone = 16,  ///< and its Milestone::Kind
};

void put(Encoder& out, Time time) {
    out.u64(static_cast<std::uint64_t>(time.s));
    out.u32(time.ns);
}

Time take_time(Decoder& in) {
    const auto s = static_cast<std::int64_t>(in.u64());
    const std::uint32_t ns = in.u32();
    if (ns >= 1'000'000'000) in.fail("no time");
    return {s, ns};
}

wal::Record record(std::uint8_t type, Encoder& body) { return {.type = type, .body = body.take()}; }
wal::Record record(Type type, Encoder& body) { return record(static_cast<std::uint8_t>(type), body); }

std::optional<std::string> take_token(Decoder& in) {
    const std::uint8_t given = in.u8();
    if (given > 1) in.fail("neither a token nor none");
    return given != 0 ? std::optional<std::string>(in.text(longest_token)) : std::nullopt;
}

Milestone take_milestone(Decoder& in, std::uint8_t kind, std::size_t parts) {
    if (kind > static_cast<std::uint8_t>(Milestone::Kind::end)) in.fail("a record of a kind that is not known");
    Milestone milestone{.kind = static_cast<Milestone::Kind>(kind)};
    const std::uint64_t tokens = in.varint();
    const bool has_tokens = milestone.kind == Milestone::Kind::prepared || milestone.kind == Milestone::Kind::commit;
    if (tokens != (has_tokens ? parts : 0)) in.fail("not a token for each participant");
    for (std::uint64_t i = 0; i < tokens; ++i) milestone.tokens.push_back(take_token(in));
    milestone.part = in.u32();
    if (milestone.part >= std::max<std::size_t>(parts, 1)) in.fail("no such participant");
    milestone.why = in.text(longest_text);
    if (milestone.kind != Milestone::Kind::broken && (milestone.part != 0 || !milestone.why.empty()))
        in.fail("what only a broken participant has");
    return milestone;
}

Resolution take_resolution(Decoder& in) {
    Resolution resolution{.when = take_time(in), .decision = Decision::none, .reason = {}};
    const std::uint8_t decision = in.u8();
    if (decision != static_cast<std::uint8_t>(Decision::commit) &&
        decision != static_cast<std::uint8_t>(Decision::abort))
        in.fail("no decision");
    resolution.decision = static_cast<Decision>(decision);
    resolution.reason = in.text(longest_text);
    return resolution;
}

void take_begun(Story& story, Decoder& in) {
    story.begun = story.last = take_time(in);
    const std::uint64_t deadline = in.u64();
    if (deadline > longest_deadline) in.fail("no deadline");
    story.deadline = std::chrono::seconds(deadline);
    story.upstream = in.text(longest_upstream);
}

/// A milestone out of order would let a transaction decide twice, or tell what is not decided.
void take_in_order(Story& story, const Milestone& milestone, Decoder& in) {
    History& history = story.history;
    const bool decides = milestone.kind == Milestone::Kind::commit || milestone.kind == Milestone::Kind::abort;
    const bool settles = milestone.kind == Milestone::Kind::broken || milestone.kind == Milestone::Kind::end;
    const bool decided = history.decision != Decision::none, waits = history.prepared && !decided;
    const bool settling = !history.broken.empty() || history.ended;
    const bool asks = milestone.kind == Milestone::Kind::asked;
    const bool entombs = (milestone.kind == Milestone::Kind::abort && !story.upstream.empty()) ||
                         (milestone.kind == Milestone::Kind::end && story.is_tombstone());
    if (decides && decided) in.fail("it is decided twice");
    if (story.parts.empty() || (history.asked == asks && !entombs) || (asks && decided) || history.ended ||
        (milestone.kind == Milestone::Kind::prepared && (history.prepared || decided)) || (settles && waits) ||
        (!settles && settling))
        in.fail("a milestone out of place");
    history.add(milestone);
}

}  // namespace

wal::Record begun_record(const Story& story) {
    Encoder out;
    put(out, story.begun);
    out.u64(static_cast<std::uint64_t>(story.deadline.count()));
    out.text(story.upstream);
    return record(Type::begun, out);
}

wal::Record touched_record(Time now) {
    Encoder out;
    put(out, now);
    return record(Type::touched, out);
}

void put(Encoder& out, const Spec& spec) {
    out.text(spec.kind);
    out.text(spec.label);
    out.varint(spec.fields.size());
    for (const auto& [key, value] : spec.fields) {
        out.text(key);
        out.text(value);
    }
}

Spec take_spec(Decoder& in) {
    Spec spec;
    spec.kind = in.text(longest_text);
    spec.label = in.text(longest_text);
    const std::uint64_t count = in.varint();
    if (count > most_fields) in.fail("too many fields");
    for (std::uint64_t i = 0; i < count; ++i) {
        std::string key(in.text(longest_text));
        if (!spec.fields.empty() && key <= spec.fields.rbegin()->first) in.fail("fields out of order");
        spec.fields[std::move(key)] = in.text(wal::longest_record);
    }
    return spec;
}

wal::Record record_of(const Spec& spec) {
    Encoder out;
    put(out, spec);
    return record(Type::part, out);
}

wal::Record record_of(const Milestone& milestone) {
    Encoder out;
    out.varint(milestone.tokens.size());
    for (const std::optional<std::string>& token : milestone.tokens) {
        out.u8(token ? 1 : 0);
        if (token) out.text(*token);
    }
    out.u32(milestone.part);
    out.text(milestone.why);
    const auto first = static_cast<std::uint8_t>(Type::first_milestone);
    return record(static_cast<std::uint8_t>(first + static_cast<std::uint8_t>(milestone.kind)), out);
}

wal::Record record_of(const Resolution& resolution) {
    Encoder out;
    put(out, resolution.when);
    out.u8(static_cast<std::uint8_t>(resolution.decision));
    out.text(resolution.reason);
    return record(Type::resolved, out);
}

std::vector<wal::Record> records_of(const Story& story) {
    const History& history = story.history;
    std::vector<wal::Record> records{begun_record(story)};
    const auto add = [&](const Milestone& milestone) { records.push_back(record_of(milestone)); };
    for (const Spec& part : story.parts) records.push_back(record_of(part));
    if (story.last != story.begun) records.push_back(touched_record(story.last));
    if (history.asked) add({.kind = Milestone::Kind::asked});
    if (history.prepared) add({.kind = Milestone::Kind::prepared, .tokens = *history.prepared});
    if (history.decision == Decision::commit) add({.kind = Milestone::Kind::commit, .tokens = history.tokens});
    if (history.decision == Decision::abort) add({.kind = Milestone::Kind::abort});
    if (story.resolution) records.push_back(record_of(*story.resolution));
    for (const auto& [part, why] : history.broken) add({.kind = Milestone::Kind::broken, .part = part, .why = why});
    if (history.ended) add({.kind = Milestone::Kind::end});
    return records;
}

void add_record(Story& story, const wal::Record& record, bool first, std::string_view where) {
    if (first && record.type != static_cast<std::uint8_t>(Type::begun))
        throw damage(where, "it does not begin as a transaction does");
    Decoder in(record.body, where);
    switch (static_cast<Type>(record.type)) {
        case Type::begun:
            if (!first) in.fail("it begins twice");
            take_begun(story, in);
            break;
        case Type::touched:
            story.last = take_time(in);
            break;
        case Type::part:
            if (story.history.asked || story.parts.size() >= most_parts) in.fail("a participant out of place");
            story.parts.push_back(take_spec(in));
            story.history.parts = static_cast<std::uint32_t>(story.parts.size());
            break;
        case Type::resolved:
            if (!story.history.asked) in.fail("a resolution out of place");
            story.resolution = take_resolution(in);
            break;
        default: {
            const auto lowest = static_cast<std::uint8_t>(Type::first_milestone);
            if (record.type < lowest) in.fail("a record of a kind that is not known");
            const auto kind = static_cast<std::uint8_t>(record.type - lowest);
            take_in_order(story, take_milestone(in, kind, story.parts.size()), in);
        }
    }
    in.end();
}

std::string name_of(std::uint64_t number) { return fmt::format("{:016x}", number); }

std::optional<std::uint64_t> number_from(std::string_view name) {
    if (name.size() != 16 || name.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
    return std::stoull(std::string(name), nullptr, 16);
}

std::string name_of(const wal::Record& record) {
    switch (static_cast<Type>(record.type)) {
        case Type::begun:
            return "begun";
        case Type::touched:
            return "touched";
        case Type::part:
            return "part";
        case Type::resolved:
            return "resolved";
        default:
            break;
    }
    constexpr std::array<std::string_view, 6> milestones{"asked", "prepared", "commit", "abort", "broken", "end"};
    const std::size_t kind = record.type - static_cast<std::size_t>(Type::first_milestone);
    return kind < milestones.size() ? std::string(milestones[kind]) : "unknown";
}

Story story_of(const std::vector<wal::Record>& records, std::uint64_t number, std::string_view where) {
    Story story{.number = number, .begun = {}, .last = {}};
    if (records.empty()) throw damage(where, "it does not begin as a transaction does");
    for (std::size_t i = 0; i < records.size(); ++i) add_record(story, records[i], i == 0, where);
    return story;
}

}  // namespace ft::twophase
