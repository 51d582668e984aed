// Goal: what is believed of a counter follows from a majority of sound replicas, and from nothing less.
// Method: tables of what was heard.
#include "libcore/counter/quorum.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"

namespace ft::counter {

namespace {

Member member(unsigned n) { return {uuid(n), "r" + std::to_string(n)}; }

Charter charter_of(const std::vector<unsigned>& members, const std::vector<unsigned>& former = {}) {
    Charter charter;
    for (const unsigned n : members) charter.members.push_back(member(n));
    for (const unsigned n : former) charter.former.push_back(member(n));
    return charter;
}

Ballot ballot(std::uint64_t number, std::uint64_t proposer = Ballot::lock_holder) { return {number, proposer}; }

/// A sound replica at `sequence`, made under `made`, that has promised `promise`.
Heard sound(unsigned n, std::uint64_t sequence, Ballot promise, Ballot made = ballot(1)) {
    Standing standing{.promise = promise, .version = {.ballot = made, .sequence = sequence}};
    standing.annex.charter = charter_of({1, 2, 3});
    return {.member = uuid(n), .locked = true, .reply = {.kind = Reply::Kind::sound, .standing = standing}};
}

Heard bad(unsigned n, Reply::Kind kind) { return {.member = uuid(n), .locked = true, .reply = {.kind = kind}}; }

}  // namespace

TEST_CASE("a majority is more than half, of the former members too while they change", "[counter]") {
    const auto have = [](const Charter& charter, const std::vector<unsigned>& there) {
        return is_quorum(charter, [&](const Uuid& one) {
            return std::any_of(there.begin(), there.end(), [&](unsigned n) { return uuid(n) == one; });
        });
    };
    CHECK(have(charter_of({1}), {1}));
    CHECK_FALSE(have(charter_of({1, 2}), {1}));
    CHECK(have(charter_of({1, 2, 3}), {1, 3}));
    CHECK_FALSE(have(charter_of({1, 2, 3}), {2, 4, 5}));
    CHECK_FALSE(have(charter_of({1, 2, 3, 4}), {1, 2}));
    CHECK_FALSE(have(charter_of({1, 2, 3}, {3}), {1, 2}));
    CHECK_FALSE(have(charter_of({3}, {1, 2, 3}), {3}));
    CHECK(have(charter_of({1, 2, 3}, {3}), {1, 3}));
    CHECK_FALSE(have(charter_of({}), {1}));
}

TEST_CASE("who is damaged, missing, busy, failing or silent has no vote", "[counter]") {
    const Charter charter = charter_of({1, 2, 3});
    for (const Reply::Kind kind : {Reply::Kind::damaged, Reply::Kind::missing, Reply::Kind::busy, Reply::Kind::failed,
                                   Reply::Kind::unreachable}) {
        CHECK(weigh(charter, std::vector{sound(1, 5, ballot(1)), sound(2, 5, ballot(1)), bad(3, kind)}).quorum);
        CHECK_FALSE(weigh(charter, std::vector{sound(1, 5, ballot(1)), bad(2, kind), bad(3, kind)}).quorum);
    }
    CHECK_FALSE(
        weigh(charter, std::vector{sound(1, 5, ballot(1)), sound(7, 5, ballot(1)), sound(8, 5, ballot(1))}).quorum);
}

TEST_CASE("the newest state is the one of the highest ballot, then of the highest sequence", "[counter]") {
    const Charter charter = charter_of({1, 2, 3});
    const std::vector<Heard> heard{sound(1, 9, ballot(3), ballot(1)), sound(2, 7, ballot(3), ballot(2)),
                                   sound(3, 8, ballot(3), ballot(2))};
    CHECK(weigh(charter, heard).newest == 2);
    CHECK(newest_standing(heard)->version.sequence == 8);
    CHECK(newest_standing(std::vector{bad(1, Reply::Kind::damaged)}) == nullptr);
}

TEST_CASE("nobody else can write only where all are sound, locked, and promised to lock holders alone", "[counter]") {
    const Charter charter = charter_of({1, 2, 3});
    std::vector<Heard> heard{sound(1, 5, ballot(4)), sound(2, 5, ballot(4)), sound(3, 4, ballot(4))};
    CHECK(weigh(charter, heard).exclusive);
    CHECK(weigh(charter, heard).promised == ballot(4));
    heard[2].locked = false;
    CHECK_FALSE(weigh(charter, heard).exclusive);
    heard[2] = bad(3, Reply::Kind::missing);
    CHECK_FALSE(weigh(charter, heard).exclusive);
    heard[2] = sound(3, 4, ballot(3));
    CHECK_FALSE(weigh(charter, heard).exclusive);
    for (Heard& one : heard) one = sound(1, 5, ballot(4, 99));
    for (unsigned n = 0; n < 3; ++n) heard[n].member = uuid(n + 1);
    CHECK_FALSE(weigh(charter, heard).exclusive);
    CHECK(weigh(charter, heard).all_locked);
}

TEST_CASE("a state may be read without a write only where a majority took it, and promised nothing since",
          "[counter]") {
    const Charter charter = charter_of({1, 2, 3});
    const Version version{.ballot = ballot(2, 7), .sequence = 5};
    const auto settled = [&](const std::vector<Heard>& heard) { return is_settled(charter, heard, version); };
    const Heard taken = sound(1, 5, ballot(2, 7), ballot(2, 7));
    Heard also = sound(2, 5, ballot(2, 7), ballot(2, 7));
    const Heard away = bad(3, Reply::Kind::unreachable);
    CHECK(settled({taken, also, away}));
    CHECK_FALSE(settled({taken, away}));
    also.reply.standing->promise =
        ballot(3, 1);  // it holds it because it was installed there, or a later one is coming
    CHECK_FALSE(settled({taken, also, away}));
    also = sound(2, 4, ballot(2, 7), ballot(2, 7));
    CHECK_FALSE(settled({taken, also, away}));
}

}  // namespace ft::counter
