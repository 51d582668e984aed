#include "libcore/counter/encoding.h"

#include <algorithm>

namespace ft::counter {

namespace {

std::int64_t take_signed(Decoder& in) { return static_cast<std::int64_t>(in.u64()); }
void put_signed(Encoder& out, std::int64_t value) { out.u64(static_cast<std::uint64_t>(value)); }

void put(Encoder& out, const std::vector<Member>& members) {
    out.varint(members.size());
    for (const Member& member : members) {
        out.raw(member.replica.bytes);
        out.text(member.locator);
    }
}

std::vector<Member> take_members(Decoder& in) {
    std::vector<Member> members(in.bounded(most_members, "members"));
    for (Member& member : members) {
        member.replica = take_uuid(in);
        member.locator = in.text(longest_locator);
    }
    return members;
}

std::vector<Reservation> take_reservations(Decoder& in) {
    std::vector<Reservation> reservations;
    for (std::uint64_t left = in.bounded(most_reservations, "reservations"); left > 0; --left) {
        Reservation& one = reservations.emplace_back();
        one.id = in.text(longest_reservation_id);
        one.amount = take_signed(in);
        const std::uint8_t phase = in.u8();
        if (phase < 1 || phase > 3) in.fail("a reservation in no phase");
        one.phase = static_cast<Reservation::Phase>(phase);
        one.answer = take_signed(in);
    }
    return reservations;
}

}  // namespace

void put(Encoder& out, const Ballot& ballot) {
    out.u64(ballot.number);
    out.u64(ballot.proposer);
}

void put(Encoder& out, const Version& version) {
    put(out, version.ballot);
    out.u64(version.sequence);
}

void put(Encoder& out, const Head& head) {
    put_signed(out, head.value);
    put_signed(out, head.min);
    put_signed(out, head.max);
    out.u64(head.keyed);
    for (const std::uint64_t mark : head.marks) out.u64(mark);
}

void put(Encoder& out, const Entry& entry) {
    out.u64(entry.key.low);
    out.u64(entry.key.high);
    put_signed(out, entry.amount);
    put_signed(out, entry.answer);
}

void put(Encoder& out, const Annex& annex) {
    out.u64(annex.charter.epoch);
    out.u32(annex.charter.threshold);
    put(out, annex.charter.members);
    put(out, annex.charter.former);
    out.varint(annex.reservations.size());
    for (const Reservation& one : annex.reservations) {
        out.text(one.id);
        put_signed(out, one.amount);
        out.u8(static_cast<std::uint8_t>(one.phase));
        put_signed(out, one.answer);
    }
}

Uuid take_uuid(Decoder& in) {
    Uuid uuid;
    const View bytes = in.raw(uuid.bytes.size());
    std::copy(bytes.begin(), bytes.end(), uuid.bytes.begin());
    return uuid;
}

Ballot take_ballot(Decoder& in) {
    const std::uint64_t number = in.u64();
    return {number, in.u64()};
}

Version take_version(Decoder& in) {
    const Ballot ballot = take_ballot(in);
    return {ballot, in.u64()};
}

Head take_head(Decoder& in) {
    Head head;
    head.value = take_signed(in);
    head.min = take_signed(in);
    head.max = take_signed(in);
    if (head.min > head.max) in.fail("bounds that exclude everything");
    head.keyed = in.u64();
    for (std::uint64_t& mark : head.marks) mark = in.u64();
    return head;
}

Entry take_entry(Decoder& in) {
    Entry entry;
    entry.key.low = in.u64();
    entry.key.high = in.u64();
    entry.amount = take_signed(in);
    entry.answer = take_signed(in);
    return entry;
}

Annex take_annex(Decoder& in) {
    Annex annex;
    annex.charter.epoch = in.u64();
    annex.charter.threshold = in.u32();
    annex.charter.members = take_members(in);
    annex.charter.former = take_members(in);
    if (annex.charter.members.empty()) in.fail("a counter without members");
    annex.reservations = take_reservations(in);
    return annex;
}

}  // namespace ft::counter
